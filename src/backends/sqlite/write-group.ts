import type { Deadline } from "../../concurrency/deadline.ts";
import { GroupCommit } from "../../concurrency/group-commit.ts";
import type { StoreError } from "../../model/errors.ts";
import { toStoreError, type Failure } from "./errors.ts";
import { needsSync, type DatabaseCalls, type Write, type WriteOutcome } from "./requests.ts";

const MIB = 1024 * 1024;
/** Approximate bytes of the object of a write, without its texts and its content. */
const OBJECT_BYTES = 200;

/** Commits writes together with those of other callers. */
type Commits = GroupCommit<Write, string | null>;

/**
 * Writes of records, vectors, intents and settings, which share transactions. Those that need no sync share transactions of their own, which do
 * not wait for the disk.
 */
export class WriteGroup {
  readonly #synced: Commits;
  readonly #unsynced: Commits;
  readonly #path: string;

  /** @param path - path of the database file, for messages */
  constructor(database: DatabaseCalls, path: string, maxWaiting: number) {
    this.#path = path;
    const send = async (writes: readonly Write[], deadline?: Deadline): Promise<PromiseSettledResult<string | null>[]> => {
      const outcomes = await database.call("write", writes, deadline);
      return outcomes.map((outcome) => this.#outcomeOf(outcome));
    };
    const commits = (): Commits =>
      new GroupCommit(send, {
        waitFor: "the database file",
        maxGroup: 1_000,
        maxInFlight: 1,
        maxWaiting,
        option: "bulkhead.maxQueued",
        bytes: { of: bytesOf, maxGroup: 8 * MIB, maxWaiting: 128 * MIB },
      });
    this.#synced = commits();
    this.#unsynced = commits();
  }

  /** Changes how many writes may wait. */
  set maxWaiting(writes: number) {
    this.#synced.maxWaiting = writes;
    this.#unsynced.maxWaiting = writes;
  }

  /** Makes one write for each input; an input that cannot be converted to a write fails alone, at its position. */
  async each<T>(
    inputs: readonly T[],
    toWrite: (input: T) => Write,
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<void>[]> {
    const writes: Write[] = [];
    const refused = inputs.map((input): PromiseRejectedResult | null => {
      try {
        writes.push(toWrite(input));
        return null;
      } catch (reason) {
        return { status: "rejected", reason };
      }
    });
    const [first] = writes;
    const outcomes = (first === undefined ? [] : await this.#commitsOf(first).add(writes, deadline)).values();
    return refused.map((refusal) => refusal ?? withoutValue(outcomes.next().value));
  }

  /** Makes one write and returns its value. */
  async one(write: Write, deadline?: Deadline): Promise<string | null> {
    const [outcome] = await this.#commitsOf(write).add([write], deadline);
    if (outcome?.status === "fulfilled") return outcome.value;
    throw outcome?.reason as StoreError;
  }

  /** Rejects new writes, and resolves when all waiting ones are committed. */
  async stop(): Promise<void> {
    await Promise.all([this.#synced.stop(), this.#unsynced.stop()]);
  }

  /** By the first write: the writes of one call are of one kind, and all need a sync or none does. */
  #commitsOf(write: Write): Commits {
    return needsSync(write) ? this.#synced : this.#unsynced;
  }

  #outcomeOf(outcome: WriteOutcome): PromiseSettledResult<string | null> {
    if ("failure" in outcome) return { status: "rejected", reason: this.#error(outcome.failure) };
    return { status: "fulfilled", value: outcome.value };
  }

  #error(failure: Failure): StoreError {
    return toStoreError(failure, this.#path);
  }
}

function withoutValue(outcome: PromiseSettledResult<string | null> | undefined): PromiseSettledResult<void> {
  if (outcome === undefined) throw new TypeError("a write has no outcome");
  return outcome.status === "fulfilled" ? { status: "fulfilled", value: undefined } : outcome;
}

/** Approximate bytes of a write in memory while it waits: two bytes a character, and those of the object. */
function bytesOf(write: Write): number {
  switch (write.kind) {
    case "put":
      return OBJECT_BYTES + textBytes(write.namespace, write.key) + write.cell.byteLength;
    case "upsert":
      return OBJECT_BYTES + textBytes(write.namespace, write.key) + write.vectors.byteLength + (write.terms?.byteLength ?? 0);
    case "remove":
      return OBJECT_BYTES + textBytes(write.namespace, write.key);
    case "mark":
    case "clear-mark":
    case "unregister":
      return OBJECT_BYTES + textBytes(write.namespace);
    case "create-generation":
      return OBJECT_BYTES;
    case "add-batch":
      return OBJECT_BYTES + textBytes(write.id) + write.cell.byteLength;
    case "remove-batch":
      return OBJECT_BYTES + textBytes(write.id);
    case "establish":
    case "replace-setting":
      return OBJECT_BYTES + textBytes(write.name, write.value);
    case "exchange-setting":
      return OBJECT_BYTES + textBytes(write.name) + textBytes(write.expected ?? "", write.value ?? "");
  }
}

function textBytes(first: string, second = ""): number {
  return 2 * (first.length + second.length);
}
