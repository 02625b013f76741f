/** The audit trail of a store, as configured. */
import type { AuditEntry, AuditSink } from "../ports/audit.ts";
import type { Events } from "../ports/events.ts";
import type { Logger } from "../ports/logger.ts";
import type { ActorSource } from "./actor.ts";
import { AuditTrail } from "./audit-trail.ts";
import { CallbackSink } from "./callback-sink.ts";
import { JsonLinesFile, type JsonLinesFileOptions } from "./json-lines-file.ts";

export { actorSource } from "./actor.ts";
export { audited } from "./audited-run.ts";
export { JsonLinesArchive } from "./json-lines-archive.ts";
export type { AuditTrail } from "./audit-trail.ts";

/** Options of the audit trail. */
export interface AuditOptions {
  readonly policy: "block" | "continue";
  readonly reads: boolean;
  readonly actor?: ActorSource | undefined;
  readonly actorTrust: "claimed" | "verified";
  readonly file?: JsonLinesFileOptions | undefined;
  readonly callback?: ((entry: AuditEntry) => void | Promise<void>) | undefined;
  readonly maxQueued: number;
  readonly timeoutMs: number;
}

/** Creates the audit trail. @param table - the sink in the database, if configured */
export function auditTrailOf(options: AuditOptions, table: AuditSink | null, events: Events, logger: Logger): AuditTrail {
  const { file, callback, policy, maxQueued, timeoutMs } = options;
  const sinks: AuditSink[] = [
    ...(file === undefined ? [] : [new JsonLinesFile(file, logger)]),
    ...(table === null ? [] : [table]),
    ...(callback === undefined ? [] : [new CallbackSink(callback)]),
  ];
  return new AuditTrail({ sinks, policy, maxQueued, timeoutMs, events });
}
