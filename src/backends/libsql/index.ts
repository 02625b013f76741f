/** A store on one local file, with no server. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ClosedError, ConfigurationError, kindOf } from "../../model/errors.ts";
import type { Backend } from "../../ports/backend.ts";
import type { ItemRepository } from "../../ports/item-repository.ts";
import { silentLogger, type Logger } from "../../ports/logger.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { Settings } from "../../ports/settings.ts";
import type { VectorIndex } from "../../ports/vector-index.ts";
import { DatabaseThread } from "./database-thread.ts";
import { LibsqlItemRepository } from "./item-repository.ts";
import { LibsqlOutbox } from "./outbox.ts";
import { LibsqlSettings } from "./settings.ts";
import { LibsqlVectorIndex } from "./vector-index.ts";
import type { OpenRequest } from "./requests.ts";
import { settledWithin } from "./settled-within.ts";
import { WriteGroup } from "./write-group.ts";

/** Most reads, and most writes, and most other calls, that wait at once. */
const MAX_WAITING = 10_000;
/** How long `stop` lets what waits be done before the rest is refused. */
const DRAIN_DEADLINE_MS = 10_000;

/** Where the file is and what it holds. */
export interface LibsqlBackendOptions {
  /** Path of the file, made if it is not there; its directory must be. `":memory:"` is a temporary file, removed by `stop`. */
  readonly path: string;
  /** Length of the vectors; null when the store has no index. */
  readonly dims: number | null;
  readonly logger?: Logger;
  /** Current time in milliseconds since the epoch, for expiry; the system's clock by default. */
  readonly now?: () => number;
  /** Most reads, most writes and most other calls that wait; beyond, a call is refused as unavailable. 10,000 by default. */
  readonly maxWaiting?: number;
}

/**
 * Records, vectors and settings in one SQLite file in WAL mode, which several processes may share.
 *
 * All SQL runs on two threads, because it is synchronous and would stop timers and other requests: one serves reads by
 * id, one all the rest in order. Not on the caller's thread, where `libsql` lets go of the file only when its
 * statements happen to be collected.
 */
export class LibsqlBackend implements Backend {
  /** Absolute path of the file; each temporary one has its own. */
  readonly path: string;
  readonly items: ItemRepository;
  readonly settings: Settings;
  readonly outbox: Outbox;
  readonly vectors: VectorIndex | null;
  readonly #open: OpenRequest;
  readonly #temporaryDirectory: string | null;
  readonly #work: DatabaseThread;
  readonly #reads: DatabaseThread;
  readonly #setMaxWaiting: (calls: number) => void;
  readonly #drain: () => Promise<unknown>;
  #stopping: Promise<void> | null = null;
  /** A program that ends without stopping its store shall not leave what it stored behind. A kill still does. */
  readonly #removeAtExit = (): void => {
    if (this.#temporaryDirectory !== null) rmSync(this.#temporaryDirectory, { recursive: true, force: true });
  };

  constructor(options: LibsqlBackendOptions) {
    const { dims, logger = silentLogger, now = () => Date.now(), maxWaiting = MAX_WAITING } = options;
    checkOptions(options);
    this.#temporaryDirectory =
      options.path === ":memory:" ? join(tmpdir(), `langgraph-store-${randomUUID()}`) : null;
    // Absolute, so that nothing in it can be read as the address of a remote database.
    const path = this.#temporaryDirectory === null ? resolve(options.path) : join(this.#temporaryDirectory, "store.db");
    this.path = path;
    this.#open = { path, dims, durable: this.#temporaryDirectory === null };
    this.#work = new DatabaseThread(this.#open, maxWaiting, logger);
    this.#reads = new DatabaseThread(this.#open, maxWaiting, logger);
    const writes = new WriteGroup(this.#work, path, maxWaiting);
    const items = new LibsqlItemRepository({ database: this.#work, reads: this.#reads, writes, now, maxWaiting });
    this.items = items;
    this.settings = new LibsqlSettings(this.#work, writes);
    this.outbox = new LibsqlOutbox(this.#work, writes);
    this.vectors = dims === null ? null : new LibsqlVectorIndex(this.#work, writes, dims, now);
    this.#setMaxWaiting = (calls) => {
      for (const thread of [this.#work, this.#reads]) thread.maxCalls = calls;
      for (const group of [writes, items]) group.maxWaiting = calls;
    };
    this.#drain = () => Promise.all([writes.stop(), items.stop()]);
  }

  /** Changes how many reads, how many writes and how many other calls may wait; those that do stay. */
  set maxWaiting(calls: number) {
    this.#setMaxWaiting(calls);
  }

  async start(): Promise<void> {
    if (this.#stopping !== null) throw new ClosedError("A store that was stopped cannot be started again: make a new one.");
    try {
      if (this.#temporaryDirectory !== null) {
        process.once("exit", this.#removeAtExit);
        await mkdir(this.#temporaryDirectory, { mode: 0o700 });
      }
      // One after the other: where both opened a new file at once, one store of a hundred never read by id what was written
      // since; its searches found it. Why is not known.
      await this.#work.start();
      await this.#reads.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Lets what was asked before be done, within bounds, and lets go of the file. Later calls reject with a `ClosedError`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await settledWithin(DRAIN_DEADLINE_MS, this.#drain());
    // One after the other: the last to close brings the log into the file, and of two at once neither may be the last.
    await this.#reads.stop();
    await this.#work.stop();
    if (this.#temporaryDirectory === null) return;
    await rm(this.#temporaryDirectory, { recursive: true, force: true });
    process.off("exit", this.#removeAtExit);
  }
}

function checkOptions({ path, dims, maxWaiting }: LibsqlBackendOptions): void {
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    const given = typeof path === "string" ? JSON.stringify(path) : kindOf(path);
    throw new ConfigurationError(`path must be the path of a file, or ":memory:", but got ${given}.`);
  }
  checkPositive("dims", dims);
  checkPositive("maxWaiting", maxWaiting ?? null);
}

function checkPositive(name: string, value: number | null): void {
  if (value === null || (Number.isSafeInteger(value) && value > 0)) return;
  throw new ConfigurationError(`${name} must be a whole number of at least 1, but got ${typeof value === "number" ? value : kindOf(value)}.`);
}
