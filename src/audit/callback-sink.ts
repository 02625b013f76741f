import { settled } from "../concurrency/outcomes.ts";
import type { AuditEntry, AuditSink } from "../ports/audit.ts";

/** Gives entries to a function of the application, one by one and in order. */
export class CallbackSink implements AuditSink {
  readonly name = "the audit callback";
  readonly #callback: (entry: AuditEntry) => void | Promise<void>;

  constructor(callback: (entry: AuditEntry) => void | Promise<void>) {
    this.#callback = callback;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** One that the callback throws at fails alone: a group has entries of operations of many users. */
  async write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes: PromiseSettledResult<void>[] = [];
    for (const entry of entries) outcomes.push(await settled(this.#give(entry)));
    return outcomes;
  }

  async #give(entry: AuditEntry): Promise<void> {
    await this.#callback(entry);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
