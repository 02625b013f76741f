/** The audit trail: writes entries to all sinks, in groups, and reports failures. */
import { withinDeadline } from "../concurrency/deadline.ts";
import { GroupCommit } from "../concurrency/group-commit.ts";
import { fulfilled, rejected, settleTogether } from "../concurrency/outcomes.ts";
import { AuditError, messageOf } from "../model/errors.ts";
import type { AuditEntry, AuditSink } from "../ports/audit.ts";
import type { Events } from "../ports/events.ts";

/** Options and dependencies of an audit trail. */
export interface AuditTrailOptions {
  /** At least one; an entry is written once all sinks have it. */
  readonly sinks: readonly AuditSink[];
  /** `block`: no operation without its entry. `continue`: operations run, and lost entries are counted. */
  readonly policy: "block" | "continue";
  /** Most queued entries. */
  readonly maxQueued: number;
  /** Timeout of a sink for a group of entries, milliseconds. */
  readonly timeoutMs: number;
  readonly events: Events;
}

/** Most entries in one write. */
const MAX_GROUP = 500;

/** Writes the entries of one store. */
export class AuditTrail {
  readonly policy: "block" | "continue";
  readonly #options: AuditTrailOptions;
  readonly #groups: GroupCommit<AuditEntry, void>;
  #isFailing = false;
  #lost = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AuditTrailOptions) {
    this.policy = options.policy;
    this.#options = options;
    this.#groups = new GroupCommit((entries) => this.#writeToSinks(entries), {
      waitFor: "the audit trail",
      maxGroup: MAX_GROUP,
      // One group at a time, which preserves the order.
      maxInFlight: 1,
      maxWaiting: options.maxQueued,
    });
  }

  /** Whether writing entries currently fails. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Number of lost entries since this trail was created. */
  get lost(): number {
    return this.#lost;
  }

  /** Starts the sinks. Under `continue`, a failure is reported, and the first entry retries. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#options.sinks.map((sink) => this.#attempt(sink, sink.start())));
    } catch (error) {
      if (this.policy === "block") throw error;
      this.#fail(error, 0);
    }
  }

  /** Writes entries to all sinks and returns the outcome of each. Counts failed entries as lost. Never rejects. */
  async write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = await settleTogether(entries.length, () => this.#groups.add(entries));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failed[0] === undefined) this.#recover();
    else this.#fail(failed[0].reason, failed.length);
    return outcomes;
  }

  /** As {@link write}, without waiting. */
  writeLater(entries: readonly AuditEntry[]): void {
    // Groups are written in order, so the last one is written after all others.
    this.#last = this.write(entries);
  }

  /** Resolves when the entries of earlier calls of {@link writeLater} are written, or lost. */
  async flush(): Promise<void> {
    await this.#last;
  }

  /** Writes queued entries within the timeout of one group, closes the sinks, and reports failures. */
  async stop(): Promise<void> {
    const { sinks, timeoutMs } = this.#options;
    const flushed = withinDeadline("Writing the queued audit entries", timeoutMs, this.#groups.stop());
    await this.#reportFailure(flushed);
    await Promise.all(sinks.map((sink) => this.#reportFailure(withinDeadline(`Closing ${sink.name}`, timeoutMs, sink.stop()))));
  }

  async #reportFailure(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      this.#fail(error, 0);
    }
  }

  async #writeToSinks(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    const bySink = await Promise.all(
      this.#options.sinks.map(async (sink) => ({ sink, outcomes: await this.#attempt(sink, sink.write(entries)) })),
    );
    return entries.map((_, i) => {
      for (const { sink, outcomes } of bySink) {
        const outcome = outcomes?.[i];
        if (outcome?.status === "rejected") return rejected(notWritten(sink, outcome.reason));
      }
      return fulfilled(undefined);
    });
  }

  async #attempt<T>(sink: AuditSink, attempt: Promise<T>): Promise<T> {
    try {
      return await withinDeadline(`Writing to ${sink.name}`, this.#options.timeoutMs, attempt);
    } catch (cause) {
      throw notWritten(sink, cause);
    }
  }

  #fail(error: unknown, entries: number): void {
    this.#lost += entries;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.events.emit({ type: "audit-failed", cause: messageOf(error) });
  }

  #recover(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#options.events.emit({ type: "audit-recovered", lost: this.#lost });
  }
}

function notWritten(sink: AuditSink, cause: unknown): AuditError {
  return new AuditError(`${sink.name} cannot be written: ${messageOf(cause)}`, false, { cause });
}
