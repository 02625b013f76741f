/** One secret document, refreshed while the store runs. */
import { messageOf, TimeoutError, UnavailableError } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import type { Events } from "../../ports/events.ts";
import { Content } from "./content.ts";
import type { SecretProvider } from "./provider.ts";
import type { SecretReference } from "./reference.ts";
import { Versions } from "./versions.ts";

/** Shortest interval between two reads of a document, milliseconds. */
const LEAST_BETWEEN_READS_MS = 250;
/** Delay of the next background read after a failure, milliseconds; doubles at each failure, up to the lifetime. */
const AFTER_FAILURE_MS = 1_000;
const LONGEST_AFTER_FAILURE_MS = 60_000;
/** Longest time that a new connection waits for a newer text, milliseconds; the read continues in the background. */
const LONGEST_WAIT_MS = 1_000;
/** Time after a failed read in which new connections use the last valid text without waiting, milliseconds. */
const TRUSTED_AFTER_FAILURE_MS = 10_000;

/** Dependencies of a document. */
export interface DocumentDependencies {
  readonly provider: SecretProvider;
  readonly events: Events;
  readonly lifetimeMs: number;
  readonly timeoutMs: number;
}

/** Reads a document at the start, and again when it is older than its lifetime or a server rejects its text. */
export class SecretDocument {
  /** Reference of the document; its field is ignored. */
  readonly reference: SecretReference;
  /** All fields in use. */
  readonly #fields = new Set<string | null>();
  /** Fields that are read at each use, so that a new text takes effect at once. */
  readonly #liveFields = new Set<string | null>();
  readonly #dependencies: DocumentDependencies;
  readonly #stopped = new AbortController();
  readonly #versions = new Versions();
  #reading: Promise<void> | null = null;
  #nextRead: Promise<void> | null = null;
  #readAt = -Infinity;
  #failedAt: number | null = null;
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(reference: SecretReference, dependencies: DocumentDependencies) {
    this.reference = reference;
    this.#dependencies = dependencies;
  }

  /** Registers a field that is read at each use; the document is refreshed in the background for it. */
  use(field: string | null): void {
    this.#fields.add(field);
    this.#liveFields.add(field);
  }

  /** Registers a field that is read only once, at a start. */
  useOnce(field: string | null): void {
    this.#fields.add(field);
  }

  /** Whether some field is read only once, so that the text in use may be older than the document. */
  get hasFieldsReadOnce(): boolean {
    return this.#liveFields.size < this.#fields.size;
  }

  /**
   * The active text of a field.
   *
   * @throws {UnavailableError} before the first read
   */
  field(field: string | null): Secret {
    const { current } = this.#versions;
    if (current !== null) return current.field(field);
    throw new UnavailableError(`The secret ${this.reference.documentReference} has not been read yet: the store is not started.`);
  }

  /**
   * Reads the document for the first time and starts its background refresh. Reads it again if its fields are read only once.
   *
   * @throws {StoreError} when the document cannot be read or has no such field
   */
  async start(field: string | null): Promise<void> {
    if (this.#versions.current === null) await (this.#reading ?? this.#read());
    else if (this.#liveFields.size === 0) await this.refreshBeforeUse();
    try {
      this.field(field);
    } catch (error) {
      // The next start must read the document again, because it may be corrected by then.
      this.#versions.clear();
      throw error;
    }
  }

  /** Reads the document again for a new connection, unless it was just read or just failed. Waits for a bounded time. Does not throw. */
  async refreshBeforeUse(): Promise<void> {
    const isFailing = this.#failedAt !== null && performance.now() - this.#failedAt < TRUSTED_AFTER_FAILURE_MS;
    if (isFailing) return;
    const isFresh = performance.now() - this.#readAt < LEAST_BETWEEN_READS_MS;
    const refresh = isFresh ? this.#reading?.catch(() => undefined) : this.reread();
    if (refresh !== undefined) await Promise.race([refresh, this.#pause(LONGEST_WAIT_MS)]);
  }

  /**
   * Reads the document again, now or after the shortest interval; concurrent callers share the read. Does not throw: after a
   * failure the last valid text stays active.
   */
  reread(): Promise<void> {
    this.#nextRead ??= this.#waitAndRead();
    return this.#nextRead;
  }

  /**
   * Returns another text for a field whose text a server rejected.
   *
   * @returns null when there is none
   */
  async other(field: string | null, refused: Secret): Promise<Secret | null> {
    const changed = this.#versions.unlike(field, refused);
    if (changed !== null) return changed;
    await this.reread();
    const read = this.#versions.unlike(field, refused);
    if (read !== null) return read;
    const switched = this.#versions.switchFrom(field, refused);
    if (switched?.isFormer === true) {
      this.#emitFailure("A server rejected the newest text; the previous one is used until it is rejected too.");
    }
    return switched?.secret ?? null;
  }

  /** Stops the background refresh. */
  async stop(): Promise<void> {
    this.#stopped.abort(new UnavailableError("The store was stopped while it read a secret."));
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#nextRead;
    await this.#reading?.catch(() => undefined);
  }

  async #waitAndRead(): Promise<void> {
    try {
      await this.#reading?.catch(() => undefined);
      const wait = this.#readAt + LEAST_BETWEEN_READS_MS - performance.now();
      if (wait > 0) await this.#pause(wait);
      if (this.#stopped.signal.aborted) return;
      this.#nextRead = null;
      await this.#read();
    } catch (error) {
      this.#nextRead = null;
      if (!this.#stopped.signal.aborted) this.#emitFailure(messageOf(error));
    }
  }

  async #read(): Promise<void> {
    this.#readAt = performance.now();
    this.#reading = this.#readInTime();
    try {
      await this.#reading;
      this.#failures = 0;
      this.#failedAt = null;
    } catch (error) {
      this.#failures++;
      this.#failedAt = performance.now();
      throw error;
    } finally {
      this.#reading = null;
      // Before the first successful read there is nothing to refresh.
      if (this.#versions.current !== null) this.#schedule();
    }
  }

  async #readInTime(): Promise<void> {
    const { provider, timeoutMs } = this.#dependencies;
    if (provider.load !== undefined) await unlessAborted(provider.load(), this.#stopped.signal);
    const timeout = new AbortController();
    const timer = setTimeout(() => {
      timeout.abort(new TimeoutError(`${provider.name} did not answer within ${timeoutMs} ms (secrets.timeoutMs).`));
    }, timeoutMs);
    const signal = AbortSignal.any([timeout.signal, this.#stopped.signal]);
    try {
      const content = new Content(await unlessAborted(provider.read(this.reference, signal), signal));
      // A text without the fields in use is invalid. At the start, each option checks its own field.
      if (this.#versions.current !== null) for (const field of this.#fields) content.field(field);
      const before = this.#versions.current;
      // Fields that are read only once change at the next reload, so they are not compared here.
      if (this.#versions.take(content) && before !== null && this.#differInUse(before, content)) this.#emit({ type: "secret-rotated" });
    } finally {
      clearTimeout(timer);
    }
  }

  #differInUse(before: Content, now: Content): boolean {
    return [...this.#liveFields].some((field) => !now.field(field).equals(before.field(field)));
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#liveFields.size === 0) return;
    if (this.#stopped.signal.aborted || !this.#dependencies.provider.isChanging) return;
    const { lifetimeMs } = this.#dependencies;
    const afterFailureMs = Math.min(AFTER_FAILURE_MS * 2 ** (this.#failures - 1), LONGEST_AFTER_FAILURE_MS, lifetimeMs);
    const delayMs = this.#failures === 0 ? lifetimeMs : afterFailureMs;
    // Up to a tenth earlier, so that processes that started together spread their reads.
    this.#timer = setTimeout(() => void this.reread(), delayMs * (1 - Math.random() / 10)).unref();
  }

  /** Waits, at most until the stop. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms).unref();
      signal.addEventListener("abort", end);
    });
  }

  #emitFailure(cause: string): void {
    this.#emit({ type: "secret-refresh-failed", cause });
  }

  #emit(event: { readonly type: "secret-rotated" } | { readonly type: "secret-refresh-failed"; readonly cause: string }): void {
    this.#dependencies.events.emit({ ...event, secret: this.reference.documentReference });
  }
}

/** Rejects with the reason of the signal as soon as it aborts, even if the task ignores the signal. */
async function unlessAborted<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([task, aborted]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
