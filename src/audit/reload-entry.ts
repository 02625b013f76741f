import { randomUUID } from "node:crypto";
import { isStoreError } from "../model/errors.ts";
import type { AuditEntry } from "../ports/audit.ts";

/** A reload of the configuration, or an attempt. */
export interface Reload {
  /** Names of the changed options; never their values. */
  readonly changed: readonly string[];
  readonly actor: string | null;
  /** Start of the reload, milliseconds since the epoch. */
  readonly begunAt: number;
}

/**
 * Returns the intent of a reload, for the trail that is active before the reload: the reload may replace that trail.
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

/** Returns the outcome of a reload. @param error - the failure; undefined when the new configuration is active */
export function reloadOutcome(intent: AuditEntry, error?: unknown): AuditEntry {
  const failure = isStoreError(error) ? error.code : "ERROR";
  const outcome = error === undefined ? "ok" : failure;
  return { ...intent, phase: "outcome", outcome, durationMs: Date.now() - Date.parse(intent.time) };
}
