/** The audit trail in the table `audit`. */
import { mapBounded } from "../../concurrency/bounded.ts";
import { fulfilled, rejected } from "../../concurrency/outcomes.ts";
import { isStoreError } from "../../model/errors.ts";
import { SEPARATOR } from "../../model/namespace.ts";
import type { AuditEntry, AuditSink } from "../../ports/audit.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { int } from "./values.ts";

/** What the table works with. */
export interface AuditTableParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** How long a row lives. */
  readonly retentionDays: number;
}

const SECONDS_PER_DAY = 86_400;
const SHARDS = 10;
const WRITES_AT_ONCE = 32;

/** Keeps entries in a table; the rows of an intent and of its outcome are one. */
export class AuditTable implements AuditSink {
  readonly name = "the audit table";
  readonly #parts: AuditTableParts;

  constructor(parts: AuditTableParts) {
    this.#parts = parts;
  }

  /** The migrations have made the table by now. */
  start(): Promise<void> {
    return Promise.resolve();
  }

  /** An entry that the server refuses, or that cannot be encoded, fails alone; any other error ends the group. */
  write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    // Order within a group does not matter: rows are ordered by their time, and parts of one row agree.
    return mapBounded(entries, WRITES_AT_ONCE, (entry) => this.#writeOne(entry));
  }

  async #writeOne(entry: AuditEntry): Promise<PromiseSettledResult<void>> {
    const { session, statements, retentionDays } = this.#parts;
    const ttl = int(Math.ceil(retentionDays * SECONDS_PER_DAY));
    try {
      return fulfilled(await session.write({ query: statements.writeAudit, params: [rowOf(entry), ttl] }));
    } catch (error) {
      // The next entries of the group would fail like this one.
      if (isStoreError(error) && error.code !== "QUERY") throw error;
      return rejected(error);
    }
  }

  /** The session is the backend's. */
  stop(): Promise<void> {
    return Promise.resolve();
  }
}

/** The row as JSON; columns that are left out stay as they are. */
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
