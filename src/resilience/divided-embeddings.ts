/** Embeds texts of different callers in one call. A failed call is divided until only the text that caused the failure fails. */
import { randomInt } from "node:crypto";
import type { Deadline } from "../concurrency/deadline.ts";
import { fulfilled, rejected } from "../concurrency/outcomes.ts";
import { embeddingFaultOf, PROVIDER_FAILED, toEmbeddingError, WRONG_ANSWER } from "../model/embedding-error.ts";
import { EmbeddingError, isStoreError, kindOf } from "../model/errors.ts";
import type { EmbeddingProvider, EmbeddingsLike } from "../ports/embedder.ts";

/** Consecutive failed calls after which a control text checks whether the provider still accepts any. */
const FAILED_IN_A_ROW = 8;

/** A further call starts only if this many times the duration of the slowest call remains until the deadline. */
const CALL_TIME_FACTOR = 1.5;

/** Returns a text that every model accepts. It is new each time, because a cache of the client would answer for the provider. */
const controlText = (): string => `ok ${randomInt(1_000_000_000)}`;

type Outcome = PromiseSettledResult<ArrayLike<number>>;

/** Calls the provider and classifies its failures; failures of one text are `input` or `suspect-input`. */
export class DividedEmbeddings implements EmbeddingProvider {
  readonly #embeddings: EmbeddingsLike;
  readonly #documents: Acceptance;
  readonly #queries: Acceptance;

  constructor(embeddings: EmbeddingsLike) {
    this.#embeddings = embeddings;
    this.#documents = new Acceptance(() => this.#ask([controlText()]));
    this.#queries = new Acceptance(() => this.#askQuery(controlText()));
  }

  /**
   * Embeds texts; `result[i]` is the vector of `texts[i]`, or the reason why this text was rejected.
   *
   * @throws {EmbeddingError} when the provider failed for all texts.
   */
  async embedDocuments(texts: readonly string[], deadline?: Deadline): Promise<Outcome[]> {
    const startedAt = performance.now();
    try {
      return await this.#accepted(texts);
    } catch (error) {
      const failure = toEmbeddingError(error);
      if (!isDivisible(failure)) throw failure;
      if (texts.length > 1) return new Division(texts, failure, this.#documents, (part) => this.#accepted(part), deadline).run();
      return this.#ofOne(texts[0] ?? "", failure, this.#documents, startedAt);
    }
  }

  async embedQuery(text: string): Promise<ArrayLike<number>> {
    const startedAt = performance.now();
    try {
      const vector = await this.#askQuery(text);
      this.#queries.recordSuccess();
      return vector;
    } catch (error) {
      const failure = toEmbeddingError(error);
      const [outcome] = await this.#ofOne(text, failure, this.#queries, startedAt);
      throw outcome?.reason;
    }
  }

  /** Classifies a text that failed alone: rejected if the reason is clear, to be retried if the text is only suspected. */
  async #ofOne(text: string, failure: EmbeddingError, acceptance: Acceptance, since: number): Promise<[PromiseRejectedResult]> {
    const isExplained = embeddingFaultOf(failure) === "input" || (isDivisible(failure) && (await acceptance.isConfirmed(since)));
    if (!isExplained) throw failure;
    const own = ofText(failure, text);
    if (own.retryable) throw own;
    return [rejected(own)];
  }

  async #accepted(texts: readonly string[]): Promise<Outcome[]> {
    const vectors = await this.#ask(texts);
    this.#documents.recordSuccess();
    return Array.from(vectors, fulfilled);
  }

  async #ask(texts: readonly string[]): Promise<ArrayLike<number>[]> {
    const vectors: unknown = await this.#embeddings.embedDocuments([...texts]);
    const list = Array.isArray(vectors) ? (vectors as (ArrayLike<number> | null | undefined)[]) : null;
    const given = list?.filter((vector) => vector !== null && vector !== undefined);
    if (list?.length === texts.length && given?.length === texts.length) return given;
    const count = list?.length === texts.length ? given?.length : list?.length;
    throw new EmbeddingError(
      `The embedding provider was given ${texts.length === 1 ? "1 text" : `${texts.length} texts`} and answered with ` +
        `${count === undefined ? `${kindOf(vectors)}, which is no list of vectors` : `${count} vectors`}.`,
      { retryable: false, details: { fault: WRONG_ANSWER } },
    );
  }

  async #askQuery(text: string): Promise<ArrayLike<number>> {
    return this.#embeddings.embedQuery(text);
  }
}

/** Whether a provider that rejected one text accepts others. */
class Acceptance {
  readonly #control: () => Promise<unknown>;
  #acceptedAt = -Infinity;
  #asking: Promise<boolean> | null = null;

  constructor(control: () => Promise<unknown>) {
    this.#control = control;
  }

  /** Records that the provider accepted texts. */
  recordSuccess(): void {
    this.#acceptedAt = performance.now();
  }

  /** Returns whether the provider accepted a text after `since`; sends a control text if no other text shows it. */
  async isConfirmed(since: number): Promise<boolean> {
    if (this.#acceptedAt >= since) return true;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  async #ask(): Promise<boolean> {
    try {
      await this.#control();
      this.recordSuccess();
      return true;
    } catch {
      // The failure of the text is reported, not this one.
      return false;
    }
  }
}

/**
 * A failed call, and the calls for its parts, one after the other: at most three for each text, because a text that was accepted is
 * not sent again. A provider that accepts nothing is called a few times only.
 */
class Division {
  readonly #texts: readonly string[];
  readonly #outcomes: Outcome[];
  readonly #startedAt = performance.now();
  readonly #firstFailure: EmbeddingError;
  readonly #acceptance: Acceptance;
  readonly #ask: (texts: readonly string[]) => Promise<Outcome[]>;
  readonly #deadline: Deadline | undefined;
  /** Failed calls since the provider last accepted a text. */
  #failedInARow = 1;
  #failingSince = this.#startedAt;
  #hasAccepted = false;
  #slowestMs = 0;
  /** Why the remaining texts are not sent. */
  #stopped: EmbeddingError | null = null;

  constructor(
    texts: readonly string[],
    first: EmbeddingError,
    acceptance: Acceptance,
    ask: (texts: readonly string[]) => Promise<Outcome[]>,
    deadline: Deadline | undefined,
  ) {
    this.#texts = texts;
    this.#firstFailure = first;
    this.#outcomes = texts.map(() => rejected(first));
    this.#acceptance = acceptance;
    this.#ask = ask;
    this.#deadline = deadline;
  }

  /** @throws {EmbeddingError} when no text was accepted and the cause is the provider. */
  async run(): Promise<Outcome[]> {
    await this.#sendHalves(0, this.#texts.length);
    if (this.#outcomes.every((outcome) => outcome.status === "rejected" && !isOfText(outcome.reason))) throw this.#stopped ?? this.#firstFailure;
    return this.#outcomes;
  }

  async #sendHalves(from: number, to: number): Promise<void> {
    const middle = Math.ceil((from + to) / 2);
    const failures = [await this.#sendPart(from, middle), await this.#sendPart(middle, to)] as const;
    await this.#divide(from, middle, failures[0]);
    await this.#divide(middle, to, failures[1]);
  }

  /** Sends a part. Returns its failure, or null. */
  async #sendPart(from: number, to: number): Promise<EmbeddingError | null> {
    if (this.#isEnding) return this.#stopped ?? this.#firstFailure;
    const startedAt = performance.now();
    try {
      const outcomes = await this.#ask(this.#texts.slice(from, to));
      outcomes.forEach((outcome, i) => {
        this.#outcomes[from + i] = outcome;
      });
      this.#recordAcceptance();
      return null;
    } catch (error) {
      const failure = toEmbeddingError(error);
      if (!isDivisible(failure)) this.#stopped = failure;
      if (this.#failedInARow === 0) this.#failingSince = startedAt;
      this.#failedInARow += 1;
      return failure;
    } finally {
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedAt);
    }
  }

  async #divide(from: number, to: number, failure: EmbeddingError | null): Promise<void> {
    if (failure === null) return;
    if (!this.#isEnding) await this.#checkProvider(failure);
    if (this.#isEnding) {
      const reason = this.#stopped ?? failure;
      this.#outcomes.fill(rejected(reason), from, to);
    } else if (to - from === 1) {
      await this.#fail(from, ofText(failure, this.#texts[from] ?? ""));
    } else {
      await this.#sendHalves(from, to);
    }
  }

  /** Records the failure of one text. A text that is only suspected is sent again, because the provider may fail at random. */
  async #fail(position: number, failure: EmbeddingError): Promise<void> {
    if (failure.retryable && (await this.#sendPart(position, position + 1)) === null) return;
    this.#outcomes[position] = rejected(this.#stopped ?? failure);
  }

  /** Whether no further part is sent. Ends before the deadline, so that the vectors received so far are returned. */
  get #isEnding(): boolean {
    return this.#stopped !== null || (this.#deadline !== undefined && this.#deadline.remainingMs <= CALL_TIME_FACTOR * this.#slowestMs);
  }

  #recordAcceptance(): void {
    this.#hasAccepted = true;
    this.#failedInARow = 0;
  }

  /** Stops if the provider accepts no text, or no longer: then the cause is the provider. */
  async #checkProvider(failure: EmbeddingError): Promise<void> {
    const isTrusted = this.#hasAccepted || embeddingFaultOf(failure) === "input";
    if (isTrusted && this.#failedInARow < FAILED_IN_A_ROW) return;
    if (await this.#acceptance.isConfirmed(this.#failingSince)) this.#recordAcceptance();
    else this.#stopped = failure;
  }
}

/**
 * Returns whether one text of a call may have caused its failure. Not a provider that asks for a pause, which further calls would
 * ignore, and not a missing answer: the time is used up.
 */
function isDivisible(failure: EmbeddingError): boolean {
  const { fault, status, retryAfterMs } = failure.details;
  if (fault === "unavailable") return typeof status === "number" && retryAfterMs === undefined;
  return fault === "input" || fault === "refused" || fault === "unknown" || fault === WRONG_ANSWER;
}

/** Returns the failure of a call as the failure of one text. */
function ofText(failure: EmbeddingError, text: string): EmbeddingError {
  const { cause, message } = failure;
  const { fault, status } = failure.details;
  // Without `retryAfterMs`: a pause would hold back the calls of all users, and only this text failed.
  const details = { characters: text.length, ...(status === undefined ? {} : { status }) };
  const what = `a text of ${text.length} characters`;
  const reported = `It reported: ${message.replace(PROVIDER_FAILED, "")}`;
  if (fault === WRONG_ANSWER) {
    return new EmbeddingError(`${message} This concerns ${what}: shorten or change it.`, { cause, retryable: false, details: { ...details, fault } });
  }
  if (fault === "input" || fault === "refused") {
    const advice = `The embedding provider rejected ${what}: shorten it, or split it over several items.`;
    return new EmbeddingError(`${advice} ${reported}`, { cause, retryable: false, details: { ...details, fault: "input" } });
  }
  const advice = `The embedding provider failed for ${what}, but not for others: try again, or shorten it.`;
  return new EmbeddingError(`${advice} ${reported}`, { cause, retryable: true, details: { ...details, fault: "suspect-input" } });
}

/** Returns whether an error is one of {@link ofText}. */
function isOfText(error: unknown): boolean {
  return isStoreError(error) && error.details["characters"] !== undefined;
}
