/** Deletes what identifies a subject from the rows of the table `audit`. */
import { mapBounded } from "../../concurrency/bounded.ts";
import { toLabels } from "../../model/namespace.ts";
import type { AuditArchive, AuditErasure, AuditSubject } from "../../ports/audit.ts";
import type { CqlSession, Param, Row, RowPage } from "./session.ts";
import type { Statements } from "./statements.ts";
import { GREATEST_TOKEN, LOWEST_TOKEN, rangeEnd } from "./token-ranges.ts";
import { bigint, numberIn } from "./values.ts";

/** Number of token ranges, which are read one after another. */
const RANGES = 64;
const PAGE_ROWS = 500;
const WRITES_AT_ONCE = 16;

/** Deletes cells and keeps rows: a row without a namespace still shows that the operation happened. */
export class AuditTableArchive implements AuditArchive {
  readonly name = "the audit table";
  readonly #session: CqlSession;
  readonly #statements: Statements;

  constructor(session: CqlSession, statements: Statements) {
    this.#session = session;
    this.#statements = statements;
  }

  async erase(subject: AuditSubject, { dryRun, signal }: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined }): Promise<AuditErasure> {
    let entries = 0;
    for (let after = LOWEST_TOKEN; after !== GREATEST_TOKEN; ) {
      const end = rangeEnd(after, RANGES);
      const statement = { query: this.#statements.scanAudit, params: [bigint(after), bigint(end)] };
      let next: string | null = null;
      do {
        signal?.throwIfAborted();
        const page: RowPage = await this.#session.page(statement, { after: next, size: PAGE_ROWS }, "scan");
        const concerned = page.rows.filter((row) => isErased(subject.of(entryOf(row))));
        if (!dryRun) await mapBounded(concerned, WRITES_AT_ONCE, (row) => this.#eraseRow(row, subject));
        entries += concerned.length;
        next = page.next;
      } while (next !== null);
      after = end;
    }
    return { entries, incomplete: 0 };
  }

  async #eraseRow(row: Row, subject: AuditSubject): Promise<void> {
    const { item, actor } = subject.of(entryOf(row));
    const place = ["day", "shard", "begun_at", "id"].map((name) => row[name] as Param);
    // Later than the cells, which a process with a fast clock may have written.
    const written = ["actor_written", "namespace_written", "key_written"].map((name) => (row[name] === null ? 0 : numberIn(row, name)));
    const time = bigint(Math.max(Date.now() * 1_000, ...written.map((micros) => micros + 1)));
    if (item) await this.#session.write({ query: this.#statements.eraseAuditItem, params: [time, ...place] });
    if (actor) await this.#session.write({ query: this.#statements.eraseAuditActor, params: [time, ...place] });
  }
}

function isErased({ item, actor }: ReturnType<AuditSubject["of"]>): boolean {
  return item || actor;
}

function entryOf(row: Row): Parameters<AuditSubject["of"]>[0] {
  const namespace = row["namespace"] as string | null;
  return { actor: row["actor"] as string | null, namespace: namespace === null ? null : toLabels(namespace), key: row["key"] as string | null };
}
