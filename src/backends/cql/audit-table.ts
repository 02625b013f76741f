/** The audit trail in the table `audit`. */
import { mapBounded } from "../../concurrency/bounded.ts";
import { fulfilled, rejected } from "../../concurrency/outcomes.ts";
import { isStoreError } from "../../model/errors.ts";
import { SEPARATOR } from "../../model/namespace.ts";
import type { AuditEntry, AuditSink } from "../../ports/audit.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { int } from "./values.ts";

/** Dependencies of the table. */
export interface AuditTableParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Time to live of a row, days. */
  readonly retentionDays: number;
}

const SECONDS_PER_DAY = 86_400;
const SHARDS = 10;
const WRITES_AT_ONCE = 32;

/** Writes entries to a table; an intent and its outcome share a row. */
export class AuditTable implements AuditSink {
  readonly name = "the audit table";
  readonly #parts: AuditTableParts;

  constructor(parts: AuditTableParts) {
    this.#parts = parts;
  }

  /** Does nothing: the migrations have created the table. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes entries. An entry that the server rejects or that cannot be encoded fails alone; other errors fail the group. */
  write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    // The order within a group does not matter: rows are sorted by time, and writes to one row do not conflict.
    return mapBounded(entries, WRITES_AT_ONCE, (entry) => this.#writeOne(entry));
  }

  async #writeOne(entry: AuditEntry): Promise<PromiseSettledResult<void>> {
    const { session, statements, retentionDays } = this.#parts;
    const ttl = int(Math.ceil(retentionDays * SECONDS_PER_DAY));
    try {
      return fulfilled(await session.write({ query: statements.writeAudit, params: [rowOf(entry), ttl] }));
    } catch (error) {
      // The other entries of the group would fail for the same reason.
      if (isStoreError(error) && error.code !== "QUERY") throw error;
      return rejected(error);
    }
  }

  /** Does nothing: the backend owns the session. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** The row as JSON; omitted columns keep their values. */
function rowOf(entry: AuditEntry): string {
  const { id, time, actor, operation, namespace, key, version, outcome, durationMs, changed } = entry;
  const columns = {
    day: time.slice(0, 10),
    shard: Number.parseInt(id.slice(0, 8), 16) % SHARDS,
    begun_at: Date.parse(time),
    id,
    actor,
    operation,
    namespace: namespace === null ? null : namespace.join(SEPARATOR),
    key,
    version,
    outcome,
    duration_ms: durationMs,
    changed: changed ?? null,
  };
  return JSON.stringify(Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== null)));
}
