/** One document of secrets, kept up to date while the store runs. */
import { messageOf, TimeoutError, UnavailableError } from "../../model/errors.ts";
import type { Secret } from "../../model/secret.ts";
import type { Events } from "../../ports/events.ts";
import { Content } from "./content.ts";
import type { SecretPlace } from "./place.ts";
import type { SecretReference } from "./reference.ts";
import { Versions } from "./versions.ts";

/** A place is asked for a document at most so often, milliseconds. */
const LEAST_BETWEEN_READS_MS = 250;
/** After a read that failed, the next one in the background, milliseconds; doubled at each failure up to the lifetime. */
const AFTER_FAILURE_MS = 1_000;
const LONGEST_AFTER_FAILURE_MS = 60_000;
/** Longest wait of a new connection for a newer text, milliseconds: the read goes on, and the connection has its own time. */
const LONGEST_LOOK_MS = 1_000;
/** For so long after a read that failed, new connections take the last good text at once, milliseconds. */
const TRUSTED_AFTER_FAILURE_MS = 10_000;

/** What a document needs. */
export interface DocumentDependencies {
  readonly place: SecretPlace;
  readonly events: Events;
  readonly lifetimeMs: number;
  readonly timeoutMs: number;
}

/** A document, and when it is read. */
export class SecretDocument {
  /** Where it is kept; its fields do not matter here. */
  readonly reference: SecretReference;
  /** Fields that are used. */
  readonly #fields = new Set<string | null>();
  /** Those of them that are asked for at each use, so that a new text takes effect at once. */
  readonly #current = new Set<string | null>();
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

  /** Says that a field will be used, with the newest text at each use: the document is kept up to date for it. */
  use(field: string | null): void {
    this.#fields.add(field);
    this.#current.add(field);
  }

  /** Says that the text of a field will be taken once, when something starts. */
  useOnce(field: string | null): void {
    this.#fields.add(field);
  }

  /** Whether the text of some field is taken once, and may be older than the document. */
  get isTakenOnce(): boolean {
    return this.#current.size < this.#fields.size;
  }

  /** The text of a field in force; null before it was read. */
  field(field: string | null): Secret {
    const { current } = this.#versions;
    if (current !== null) return current.field(field);
    throw new UnavailableError(`The secret ${this.reference.documentReference} has not been read yet: the store is not started.`);
  }

  /**
   * Reads it for the first time, and keeps it up to date from then on; one whose texts are taken once is read again here.
   *
   * @throws {StoreError} saying why it cannot be read, or has no such field
   */
  async start(field: string | null): Promise<void> {
    if (this.#versions.current === null) await (this.#reading ?? this.#read());
    else if (this.#current.size === 0) await this.look();
    try {
      this.field(field);
    } catch (error) {
      // Where the start is tried again, somebody has mended the document.
      this.#versions.clear();
      throw error;
    }
  }

  /** Looks for a newer text, unless that was just done or is known to fail. Does not throw. */
  async look(): Promise<void> {
    const isFailing = this.#failedAt !== null && performance.now() - this.#failedAt < TRUSTED_AFTER_FAILURE_MS;
    if (isFailing) return;
    const isFresh = performance.now() - this.#readAt < LEAST_BETWEEN_READS_MS;
    const look = isFresh ? this.#reading?.catch(() => undefined) : this.#readAgain();
    if (look !== undefined) await Promise.race([look, this.#pause(LONGEST_LOOK_MS)]);
  }

  /** Reads it again, beginning now or soon. Does not throw: the last good text stays where that fails. */
  async reread(): Promise<void> {
    await this.#readAgain();
  }

  /**
   * Finds another text for a field of which a server refused one.
   *
   * @returns null where there is none
   */
  async other(field: string | null, refused: Secret): Promise<Secret | null> {
    const changed = this.#versions.unlike(field, refused);
    if (changed !== null) return changed;
    await this.#readAgain();
    const read = this.#versions.unlike(field, refused);
    if (read !== null) return read;
    const turned = this.#versions.turn(field, refused);
    if (turned?.isFormer === true) {
      this.#emitFailure("A server refused the newest text; the one before it is used until that is refused too.");
    }
    return turned?.secret ?? null;
  }

  /** Keeps it up to date no more. */
  async stop(): Promise<void> {
    this.#stopped.abort(new UnavailableError("The store was stopped while a secret was read."));
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#nextRead;
    await this.#reading?.catch(() => undefined);
  }

  /** Reads once more, beginning at some time from now on; all who ask meanwhile share it. Does not throw. */
  #readAgain(): Promise<void> {
    this.#nextRead ??= this.#waitAndRead();
    return this.#nextRead;
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
    this.#reading = this.#readOnce();
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
      // Before the first good read there is nothing to keep up to date.
      if (this.#versions.current !== null) this.#schedule();
    }
  }

  async #readOnce(): Promise<void> {
    const { place, timeoutMs } = this.#dependencies;
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort(new TimeoutError(`${place.name} did not answer within ${timeoutMs} ms (secrets.timeoutMs).`));
    }, timeoutMs);
    const signal = AbortSignal.any([late.signal, this.#stopped.signal]);
    try {
      const content = new Content(await unlessAborted(place.read(this.reference, signal), signal));
      // A text without what is used is no good one. At the start each option checks its own field.
      if (this.#versions.current !== null) for (const field of this.#fields) content.field(field);
      const before = this.#versions.current;
      // A text that is taken once is not in use by this: a reload takes it.
      if (this.#versions.take(content) && before !== null && this.#differInUse(before, content)) this.#emit({ type: "secret-rotated" });
    } finally {
      clearTimeout(timer);
    }
  }

  #differInUse(before: Content, now: Content): boolean {
    return [...this.#current].some((field) => !now.field(field).equals(before.field(field)));
  }

  #schedule(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#current.size === 0) return;
    if (this.#stopped.signal.aborted || !this.#dependencies.place.isChanging) return;
    const { lifetimeMs } = this.#dependencies;
    const afterFailureMs = Math.min(AFTER_FAILURE_MS * 2 ** (this.#failures - 1), LONGEST_AFTER_FAILURE_MS, lifetimeMs);
    const delayMs = this.#failures === 0 ? lifetimeMs : afterFailureMs;
    // A tenth earlier at most, so that processes that started together do not ask together.
    this.#timer = setTimeout(() => void this.#readAgain(), delayMs * (1 - Math.random() / 10)).unref();
  }

  /** Waits, but not beyond the stop. */
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

/** Ends the wait with the signal, for its reason, whether or not what is waited for heeds it. */
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
