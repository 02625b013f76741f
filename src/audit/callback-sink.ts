import { settled } from "../concurrency/outcomes.ts";
import type { AuditEntry, AuditSink } from "../ports/audit.ts";

/** Passes entries to a function of the application, one at a time and in order. */
export class CallbackSink implements AuditSink {
  readonly name = "the audit callback";
  readonly #callback: (entry: AuditEntry) => void | Promise<void>;

  constructor(callback: (entry: AuditEntry) => void | Promise<void>) {
    this.#callback = callback;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Returns an outcome for each entry: a group contains entries of many users, and one failure must not affect others. */
  async write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes: PromiseSettledResult<void>[] = [];
    for (const entry of entries) outcomes.push(await settled(this.#pass(entry)));
    return outcomes;
  }

  async #pass(entry: AuditEntry): Promise<void> {
    await this.#callback(entry);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
