/** Schedules retries of intents that are not settled. */
import { createHash } from "node:crypto";
import { isStoreError } from "../model/errors.ts";
import type { Intent, IntentBatch } from "../ports/outbox.ts";

/** An intent that is not settled, with its outcome. */
export interface Unsettled {
  readonly intent: Intent;
  /**
   * `watched`: derived data is in sync, but the record of the write was not seen. `failed`: derived data could not be
   * reconciled. `dead`: failed, and a retry does not help. `kept`: a process that knows another generation of the index has to
   * complete it.
   */
  readonly verdict: "watched" | "failed" | "dead" | "kept";
}

/** Longest delay of the first retry, milliseconds; doubles with each retry. */
const FIRST_PAUSE_MS = 60_000;

/** Longest delay after transient failures, milliseconds, so that vectors are in sync soon after an outage. */
const LONGEST_RETRY_PAUSE_MS = 300_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Number of attempts before a permanent failure dead-letters the intent: its cause may be fixed meanwhile. */
const DEAD_AFTER_ATTEMPTS = 4;

/** Age at which a failed intent is dead-lettered, regardless of the reason, milliseconds. */
const DEAD_AFTER_MS = 24 * 3_600_000;

/** Whether a failed intent is dead-lettered. */
export function isDead(intent: Intent, attempts: number, error: unknown, now: number): boolean {
  if (intent.isDeadLettered || now - intent.recordedAt > DEAD_AFTER_MS) return true;
  return attempts >= DEAD_AFTER_ATTEMPTS && !(isStoreError(error) && error.retryable);
}

/**
 * Returns the batches that replace a batch with unsettled intents. Their ids are deterministic: processes with equal outcomes
 * create the same batches, and processes with different outcomes do not overwrite each other.
 *
 * @param now - current time, milliseconds since the epoch. Delays start here: a delay from the old due time would make a
 *   batch that is a day overdue due again at once.
 */
export function postpone(batch: IntentBatch, unsettled: readonly Unsettled[], now: number): IntentBatch[] {
  const failed = unsettled.filter(({ verdict }) => verdict === "failed");
  const kept = unsettled.filter(({ verdict }) => verdict === "kept");
  const others = unsettled.filter(({ verdict }) => verdict !== "failed" && verdict !== "kept");
  return [
    ...(kept.length === 0 ? [] : [later(batch, kept, FIRST_PAUSE_MS, now)]),
    ...(failed.length === 0 ? [] : [later(batch, failed, LONGEST_RETRY_PAUSE_MS, now)]),
    ...(others.length === 0 ? [] : [later(batch, others, LONGEST_PAUSE_MS, now)]),
  ];
}

function later(batch: IntentBatch, unsettled: readonly Unsettled[], longestPauseMs: number, now: number): IntentBatch {
  const [root = batch.id] = batch.id.split("~");
  const attempts = batch.attempts + 1;
  const intents = unsettled.map(({ intent: { namespace, key, writeId, recordedAt }, verdict }): Intent => {
    const intent = { namespace, key, writeId, recordedAt };
    return verdict === "dead" ? { ...intent, isDeadLettered: true } : intent;
  });
  const content = createHash("sha256");
  for (const { writeId, isDeadLettered } of intents) content.update(`${writeId} ${isDeadLettered === true} `);
  return {
    id: `${root}~${attempts}~${content.digest("base64url").slice(0, 8)}`,
    dueAt: dueAfter(Math.min(FIRST_PAUSE_MS * 2 ** batch.attempts, longestPauseMs), root, now),
    attempts,
    intents,
  };
}

/**
 * Returns a due time between half of `pauseMs` and `pauseMs` from now, on a grid that depends on the batch: two processes
 * that postpone the batch at nearly the same time choose the same due time, and batches with equal due times are spread.
 */
function dueAfter(pauseMs: number, root: string, now: number): number {
  const step = pauseMs / 2;
  const phase = createHash("sha256").update(root).digest().readUInt32BE() % step;
  return Math.floor((now + pauseMs - phase) / step) * step + phase;
}
