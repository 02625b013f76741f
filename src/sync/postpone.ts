/** When writes that are not settled are looked at again. */
import { createHash } from "node:crypto";
import { isStoreError } from "../model/errors.ts";
import type { Intent, IntentBatch } from "../ports/outbox.ts";

/** An intent that is not settled, and what was seen of it. */
export interface Left {
  readonly intent: Intent;
  /**
   * `watched`: derived data are right, but its record was not seen. `failed`: it could not be brought in step now.
   * `dead`: nor will it be by trying again.
   */
  readonly verdict: "watched" | "failed" | "dead";
}

/** Longest first pause before a batch is retried; doubles each time. */
const FIRST_PAUSE_MS = 60_000;

/** Longest pause of what failed for a passing reason: it shall be in step soon after an outage. */
const LONGEST_RETRY_PAUSE_MS = 300_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** A reason that trying again does not change is tried again this often all the same: somebody may mend it. */
const DEAD_AFTER_ATTEMPTS = 4;

/** What failed for so long is told as dead, whatever the reason. */
const DEAD_AFTER_MS = 24 * 3_600_000;

/** Whether an intent that failed is dead. */
export function isLost(intent: Intent, attempts: number, error: unknown, now: number): boolean {
  if (intent.isDeadLettered || now - intent.recordedAt > DEAD_AFTER_MS) return true;
  return attempts >= DEAD_AFTER_ATTEMPTS && !(isStoreError(error) && error.retryable);
}

/**
 * The batches in which what is left of one is kept. They are the same from whichever process saw the same, so that two do
 * not make two of one; where two saw differently, the ids differ, and none takes the place of the other.
 *
 * @param now - current time, milliseconds since the epoch. Pauses count from it: counted from the old due time, a batch
 *   that was overdue for a day would be due again at once.
 */
export function postpone(batch: IntentBatch, left: readonly Left[], now: number): IntentBatch[] {
  const failed = left.filter(({ verdict }) => verdict === "failed");
  const others = left.filter(({ verdict }) => verdict !== "failed");
  return [
    ...(failed.length === 0 ? [] : [later(batch, failed, LONGEST_RETRY_PAUSE_MS, now)]),
    ...(others.length === 0 ? [] : [later(batch, others, LONGEST_PAUSE_MS, now)]),
  ];
}

function later(batch: IntentBatch, left: readonly Left[], longestPauseMs: number, now: number): IntentBatch {
  const [root = batch.id] = batch.id.split("~");
  const attempts = batch.attempts + 1;
  const intents = left.map(({ intent: { namespace, key, writeId, recordedAt }, verdict }): Intent => {
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
 * A due time of half to all of `pauseMs` from now, on a grid of the batch's own: two processes that postpone one batch a
 * moment apart nearly always choose the same time, and batches that became due together are spread.
 */
function dueAfter(pauseMs: number, root: string, now: number): number {
  const step = pauseMs / 2;
  const phase = createHash("sha256").update(root).digest().readUInt32BE() % step;
  return Math.floor((now + pauseMs - phase) / step) * step + phase;
}
