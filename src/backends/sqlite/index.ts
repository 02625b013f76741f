/** A store on one local file, with no server. */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ClosedError, ConfigurationError, kindOf } from "../../model/errors.ts";
import type { DistanceMetric, VectorShape } from "../../model/distance-metric.ts";
import type { Backend } from "../../ports/backend.ts";
import type { ItemRepository } from "../../ports/item-repository.ts";
import { silentLogger, type Logger } from "../../ports/logger.ts";
import type { Outbox } from "../../ports/outbox.ts";
import type { Settings } from "../../ports/settings.ts";
import { openUnlocked } from "./busy-retries.ts";
import { CallerReads } from "./caller-reads.ts";
import { DatabaseThread } from "./database-thread.ts";
import { loadEngine } from "./engine.ts";
import { SqliteItemRepository } from "./item-repository.ts";
import { SqliteOutbox } from "./outbox.ts";
import { SqliteSettings } from "./settings.ts";
import { tablesOf } from "./generation-list.ts";
import { MEMORY, toFilePath } from "./storage-path.ts";
import { SqliteVectorIndex } from "./vector-index.ts";
import type { DatabaseCalls, OpenRequest } from "./requests.ts";
import { settledWithin } from "./settled-within.ts";
import { WriteGroup } from "./write-group.ts";

/** Most writes, and most other calls of each thread, that wait at once. */
const MAX_WAITING = 10_000;
/** Timeout of `stop` for waiting writes, milliseconds; the remaining ones are rejected. */
const DRAIN_DEADLINE_MS = 10_000;
/** Pause between two transactions of the drop of a generation, in which other processes write, milliseconds. */
const DROP_PAUSE_MS = 20;
const VECTOR_CACHE_BYTES = 256 * 1024 * 1024;

/** Path and content of the file. */
export interface SqliteBackendOptions {
  /**
   * Path of the file, which is created if it does not exist, in a folder that does. `":memory:"` is a temporary file, deleted by
   * `stop`, or the memory of a thread where no temporary file can be created.
   */
  readonly path: string;
  /** Length of the vectors of the first generation of the index; null without {@link SqliteBackend.vectors}. */
  readonly dims: number | null;
  /** How the similarity of vectors is measured; "cosine" by default. */
  readonly metric?: DistanceMetric;
  readonly logger?: Logger;
  /** Current time in milliseconds since the epoch, for expiry; the system's clock by default. */
  readonly now?: () => number;
  /** Most writes, and most other calls of each thread, that wait; more are rejected as unavailable. 10,000 by default. */
  readonly maxWaiting?: number;
  /** Bytes of vectors that are cached for searches; 256 MiB by default. */
  readonly vectorCacheBytes?: number;
}

/** State of a started backend. */
interface Running {
  /** Path of the file, or ":memory:". */
  readonly path: string;
  readonly callerReads: CallerReads | null;
}

/**
 * Records, vectors and settings in one SQLite file in WAL mode, which several processes may share.
 *
 * SQL is synchronous and would pause the event loop, so it runs in two threads: one writes, one reads. Only single records that are not
 * big are read on the caller's thread, where that takes less time than a message.
 */
export class SqliteBackend implements Backend {
  /** Absolute path of the file; each temporary one has its own. */
  readonly path: string;
  readonly items: ItemRepository;
  readonly settings: Settings;
  readonly outbox: Outbox;
  readonly vectors: SqliteVectorIndex | null;
  readonly #open: Omit<OpenRequest, "path">;
  readonly #logger: Logger;
  readonly #temporaryDirectory: string | null;
  readonly #writer: DatabaseThread;
  readonly #reader: DatabaseThread;
  readonly #reads: DatabaseCalls;
  readonly #writes: WriteGroup;
  readonly #now: () => number;
  #running: Running | null = null;
  #starting: Promise<void> | null = null;
  #stopping: Promise<void> | null = null;
  /** A program that exits without stopping its store does not leave its temporary file behind. A killed one does. */
  readonly #removeAtExit = (): void => {
    if (this.#temporaryDirectory !== null) rmSync(this.#temporaryDirectory, { recursive: true, force: true });
  };

  /** @throws {ConfigurationError} when an option is wrong, or the runtime has no `node:sqlite`. */
  constructor(options: SqliteBackendOptions) {
    const { dims, metric = "cosine", logger = silentLogger, now = () => Date.now(), maxWaiting = MAX_WAITING, vectorCacheBytes = VECTOR_CACHE_BYTES } = options;
    checkPositive("dims", dims);
    checkPositive("maxWaiting", maxWaiting);
    loadEngine();
    const path = toFilePath(options.path);
    this.#temporaryDirectory = path === MEMORY ? join(tmpdir(), `langgraph-store-${randomUUID()}`) : null;
    this.path = this.#temporaryDirectory === null ? path : join(this.#temporaryDirectory, "store.db");
    this.#logger = logger;
    this.#open = { durable: path !== MEMORY, vectorCacheBytes };
    this.#writer = new DatabaseThread(this.path, maxWaiting, logger);
    this.#reader = new DatabaseThread(this.path, maxWaiting, logger);
    this.#writes = new WriteGroup(this.#writer, this.path, maxWaiting);
    this.#now = now;
    this.#reads = {
      // In the memory of a thread, only that thread can read.
      call: (name, request, deadline) => (this.#running?.path === MEMORY ? this.#writer : this.#reader).call(name, request, deadline),
    };
    const callerReads = (): CallerReads | null => this.#running?.callerReads ?? null;
    const reads = this.#reads;
    this.items = new SqliteItemRepository({ writer: this.#writer, reads, writes: this.#writes, callerReads, now });
    this.settings = new SqliteSettings(reads, this.#writes);
    this.outbox = new SqliteOutbox(reads, this.#writes);
    this.vectors = dims === null ? null : this.index({ dims, metric });
  }

  /**
   * Returns the vectors of a generation of the index, of generation 1 until {@link SqliteVectorIndex.startGeneration} is called.
   *
   * @param beforeSearch - called before each search, which fails with what it throws
   */
  index(shape: VectorShape, beforeSearch?: () => void): SqliteVectorIndex {
    return new SqliteVectorIndex({ database: this.#reads, writes: this.#writes, shape, now: this.#now, beforeSearch });
  }

  /** Deletes a generation of the index, which no process uses any more. Returns the names of its tables. */
  async dropGeneration(generation: number): Promise<string[]> {
    while (!(await this.#writer.call("dropGeneration", { generation }))) await pause(DROP_PAUSE_MS);
    const { points, termCounts, termChanges } = tablesOf(generation);
    return [points, termCounts, termChanges];
  }

  /** Changes how many writes, and how many other calls of each thread, may wait; queued ones are not affected. */
  set maxWaiting(calls: number) {
    for (const thread of [this.#writer, this.#reader]) thread.maxCalls = calls;
    this.#writes.maxWaiting = calls;
  }

  start(): Promise<void> {
    if (this.#isStopping) return Promise.reject(new ClosedError("A store that was stopped cannot be started again: create a new one."));
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<void> {
    try {
      const path = this.#temporaryDirectory === null ? this.path : await this.#temporaryPath(this.#temporaryDirectory);
      // The writer first: it creates the file and its tables.
      await this.#writer.start({ ...this.#open, path });
      if (path !== MEMORY) await this.#reader.start({ ...this.#open, path });
      this.#running = { path, callerReads: null };
      await this.vectors?.startGeneration(1);
      const callerReads = path === MEMORY ? null : await openUnlocked(path, () => new CallerReads(path));
      if (this.#isStopping) {
        callerReads?.close();
        throw new ClosedError("The store was stopped while it started.");
      }
      this.#running = { path, callerReads };
    } catch (error) {
      this.#running = null;
      // The next call of start makes another attempt.
      if (!this.#isStopping) await this.#closeFile();
      throw error;
    }
  }

  get #isStopping(): boolean {
    return this.#stopping !== null;
  }

  /** Completes waiting writes within a timeout, and closes the file. Later calls reject with a `ClosedError`. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /** The path of a temporary file; ":memory:" where none can be created. */
  async #temporaryPath(directory: string): Promise<string> {
    process.once("exit", this.#removeAtExit);
    try {
      await mkdir(directory, { mode: 0o700 });
      return this.path;
    } catch (error) {
      const hint = "set TMPDIR to a folder that can be written to, to keep large stores out of the memory";
      this.#logger.info({ err: error }, `no temporary file can be created: the data is kept in memory; ${hint}`);
      return MEMORY;
    }
  }

  async #stop(): Promise<void> {
    await settledWithin(DRAIN_DEADLINE_MS, this.#writes.stop());
    this.#running?.callerReads?.close();
    this.#running = null;
    // One after the other: the last connection to close moves the log into the file, and that is not to happen on the caller's thread.
    await this.#reader.stop();
    // A start in progress closes what it still opens, before the writer: only that can move the log into the file.
    if (this.#starting !== null) await settledWithin(DRAIN_DEADLINE_MS, this.#starting);
    await this.#writer.stop();
    await this.#removeTemporary();
  }

  /** Closes what a failed start has opened. */
  async #closeFile(): Promise<void> {
    await this.#reader.reset();
    await this.#writer.reset();
    await this.#removeTemporary();
  }

  async #removeTemporary(): Promise<void> {
    if (this.#temporaryDirectory === null) return;
    await rm(this.#temporaryDirectory, { recursive: true, force: true });
    process.off("exit", this.#removeAtExit);
  }
}

function checkPositive(name: string, value: number | null): void {
  if (value === null || (Number.isSafeInteger(value) && value > 0)) return;
  throw new ConfigurationError(`${name} must be a whole number of at least 1, but got ${typeof value === "number" ? value : kindOf(value)}.`);
}
