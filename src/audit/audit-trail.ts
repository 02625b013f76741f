/** The audit trail: gives entries to all sinks, in groups, and tells when that fails. */
import { withinDeadline } from "../concurrency/deadline.ts";
import { GroupCommit } from "../concurrency/group-commit.ts";
import { fulfilled, rejected, settleTogether } from "../concurrency/outcomes.ts";
import { AuditError, messageOf } from "../model/errors.ts";
import type { AuditEntry, AuditSink } from "../ports/audit.ts";
import type { Events } from "../ports/events.ts";

/** What a trail stands on. */
export interface AuditTrailOptions {
  /** At least one; an entry is kept when all have it. */
  readonly sinks: readonly AuditSink[];
  /** `block`: no operation without its entry. `continue`: operations go on, and lost entries are counted. */
  readonly policy: "block" | "continue";
  /** Most entries that wait to be written. */
  readonly maxQueued: number;
  /** Longest time for a sink to keep a group of entries. */
  readonly timeoutMs: number;
  readonly events: Events;
}

/** Most entries that a sink is given at once. */
const MAX_GROUP = 500;

/** Keeps the entries of one store. */
export class AuditTrail {
  readonly policy: "block" | "continue";
  readonly #options: AuditTrailOptions;
  readonly #groups: GroupCommit<AuditEntry, void>;
  #isFailing = false;
  #lost = 0;

  constructor(options: AuditTrailOptions) {
    this.policy = options.policy;
    this.#options = options;
    this.#groups = new GroupCommit((entries) => this.#write(entries), {
      waitFor: "the audit trail",
      maxGroup: MAX_GROUP,
      // One after another, so that they stand in the order in which they came.
      maxInFlight: 1,
      maxWaiting: options.maxQueued,
    });
  }

  /** Whether entries cannot be kept at the moment. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Entries that were not kept since the store was made. */
  get lost(): number {
    return this.#lost;
  }

  /** Makes the sinks ready. Under `continue` a sink that cannot be is told, and tried again with the first entry. */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#options.sinks.map((sink) => this.#attempt(sink, sink.start())));
    } catch (error) {
      if (this.policy === "block") throw error;
      this.#fail(error, 0);
    }
  }

  /** The outcome of each entry: whether all sinks have it. Those that one has not are counted as lost. Never rejects. */
  async keep(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = await settleTogether(entries.length, () => this.#groups.add(entries));
    const failed = outcomes.filter((outcome) => outcome.status === "rejected");
    if (failed[0] === undefined) this.#recover();
    else this.#fail(failed[0].reason, failed.length);
    return outcomes;
  }

  /** Like {@link keep}, for whoever does not wait: what is lost is counted and told. */
  keepLater(entries: readonly AuditEntry[]): void {
    void this.keep(entries);
  }

  /** Writes what waits, for as long as one group may take, and closes the sinks; what goes wrong by now is told. */
  async stop(): Promise<void> {
    const { sinks, timeoutMs } = this.#options;
    const flushed = withinDeadline("Writing what is left of the audit trail", timeoutMs, this.#groups.stop());
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

  async #write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
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
