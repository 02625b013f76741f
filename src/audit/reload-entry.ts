import { randomUUID } from "node:crypto";
import { isStoreError } from "../model/errors.ts";
import type { AuditEntry } from "../ports/audit.ts";

/** A change of the configuration while a store runs, or an attempt at one. */
export interface Reload {
  /** Names of the options that change, or would have; never what they hold. */
  readonly changed: readonly string[];
  readonly actor: string | null;
  /** When it began, milliseconds since the epoch. */
  readonly begunAt: number;
}

/**
 * The intent of a change of the configuration: for the trail in force before it, where it stays although the change may
 * end that trail.
 */
export function reloadIntent({ changed, actor, begunAt }: Reload): AuditEntry {
  return {
    id: randomUUID(),
    phase: "intent",
    time: new Date(begunAt).toISOString(),
    actor,
    operation: "reload",
    namespace: null,
    key: null,
    version: null,
    outcome: null,
    durationMs: null,
    changed,
  };
}

/** The outcome of a change. @param error - why it was refused or failed; undefined when it is in force */
export function reloadOutcome(intent: AuditEntry, error?: unknown): AuditEntry {
  const failure = isStoreError(error) ? error.code : "ERROR";
  const outcome = error === undefined ? "ok" : failure;
  return { ...intent, phase: "outcome", outcome, durationMs: Date.now() - Date.parse(intent.time) };
}
