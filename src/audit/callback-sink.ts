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

  async write(entries: readonly AuditEntry[]): Promise<void> {
    for (const entry of entries) await this.#callback(entry);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }
}
