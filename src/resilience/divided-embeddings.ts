/** Embeds texts of different callers in one call. A failed call is divided until only the text that caused the failure fails. */
import type { Deadline } from "../concurrency/deadline.ts";
import { fulfilled, rejected } from "../concurrency/outcomes.ts";
import { embeddingFaultOf, PROVIDER_FAILED, toEmbeddingError, WRONG_ANSWER } from "../model/embedding-error.ts";
import { EmbeddingError, kindOf } from "../model/errors.ts";
import type { EmbeddingProvider, EmbeddingsLike } from "../ports/embedder.ts";

/** Most failed calls for an unknown reason per divided call: enough to find two bad texts in a hundred. */
const MAX_UNEXPLAINED = 32;

/** Consecutive rejected texts after which a control text checks whether the provider accepts any. */
const REJECTED_IN_A_ROW = 8;

/** A further call starts only if this many times the duration of the slowest call remains until the deadline. */
const CALL_TIME_FACTOR = 1.5;

/** Every model accepts this text. */
const CONTROL_TEXT = "ok";

type Outcome = PromiseSettledResult<ArrayLike<number>>;

/** Calls the provider and classifies its failures; failures of one text are `input` or `suspect-input`. */
export class DividedEmbeddings implements EmbeddingProvider {
  readonly #embeddings: EmbeddingsLike;
  readonly #documents: Acceptance;
  readonly #queries: Acceptance;

  constructor(embeddings: EmbeddingsLike) {
    this.#embeddings = embeddings;
    this.#documents = new Acceptance(() => this.#ask([CONTROL_TEXT]));
    this.#queries = new Acceptance(() => this.#askQuery(CONTROL_TEXT));
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
    if (embeddingFaultOf(failure) === "input") return [rejected(ofText(failure, text))];
    if (embeddingFaultOf(failure) === "unknown" && (await acceptance.isConfirmed(since))) throw ofText(failure, text);
    throw failure;
  }

  async #accepted(texts: readonly string[]): Promise<Outcome[]> {
    const vectors = await this.#ask(texts);
    this.#documents.recordSuccess();
    return Array.from(vectors, fulfilled);
  }

  async #ask(texts: readonly string[]): Promise<ArrayLike<number>[]> {
    const vectors: unknown = await this.#embeddings.embedDocuments([...texts]);
    if (Array.isArray(vectors) && vectors.length === texts.length) return vectors as ArrayLike<number>[];
    throw new EmbeddingError(
      `The embedding provider was given ${texts.length === 1 ? "1 text" : `${texts.length} texts`} and answered with ` +
        `${Array.isArray(vectors) ? `${vectors.length} vectors` : `${kindOf(vectors)}, which is no list of vectors`}.`,
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

/** A failed call, and the calls for its parts, one after the other. */
class Division {
  readonly #texts: readonly string[];
  readonly #outcomes: Outcome[];
  readonly #startedAt = performance.now();
  readonly #firstFailure: EmbeddingError;
  readonly #acceptance: Acceptance;
  readonly #ask: (texts: readonly string[]) => Promise<Outcome[]>;
  readonly #deadline: Deadline | undefined;
  #unexplained = 1;
  #rejectedInARow = 0;
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
    const faults = this.#outcomes.map((outcome) => (outcome.status === "rejected" ? embeddingFaultOf(outcome.reason) : null));
    const isRejection = faults.some((fault) => fault === null || fault === "input" || fault === "suspect-input");
    if (!isRejection) throw this.#stopped ?? this.#firstFailure;
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
      this.#hasAccepted = true;
      return null;
    } catch (error) {
      const failure = toEmbeddingError(error);
      if (!isDivisible(failure)) this.#stopped = failure;
      if (embeddingFaultOf(failure) === "unknown") this.#unexplained += 1;
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
      this.#rejectedInARow += 1;
      this.#outcomes[from] = rejected(ofText(failure, this.#texts[from] ?? ""));
    } else {
      await this.#sendHalves(from, to);
    }
  }

  /** Whether no further part is sent. Ends before the deadline, so that the vectors received so far are returned. */
  get #isEnding(): boolean {
    return this.#stopped !== null || (this.#deadline !== undefined && this.#deadline.remainingMs <= CALL_TIME_FACTOR * this.#slowestMs);
  }

  /** Stops if the provider accepts no text: then the cause is the provider. */
  async #checkProvider(failure: EmbeddingError): Promise<void> {
    const fault = embeddingFaultOf(failure);
    if (fault === "unknown" && this.#unexplained > MAX_UNEXPLAINED) {
      this.#stopped = failure;
      return;
    }
    if (this.#hasAccepted || (fault === "input" && this.#rejectedInARow < REJECTED_IN_A_ROW)) return;
    if (await this.#acceptance.isConfirmed(this.#startedAt)) this.#hasAccepted = true;
    else this.#stopped = failure;
  }
}

/** Returns whether one text of a call may have caused its failure. */
function isDivisible(failure: EmbeddingError): boolean {
  const fault = embeddingFaultOf(failure);
  return fault === "input" || fault === "unknown" || fault === WRONG_ANSWER;
}

/** Returns the failure of a call as the failure of one text. */
function ofText(failure: EmbeddingError, text: string): EmbeddingError {
  if (embeddingFaultOf(failure) === WRONG_ANSWER) return failure;
  const isInput = embeddingFaultOf(failure) === "input";
  const { status } = failure.details;
  const what = `a text of ${text.length} characters`;
  const advice = isInput
    ? `The embedding provider rejected ${what}: shorten it, or split it over several items.`
    : `The embedding provider failed for ${what}, but not for others: try again, or shorten it.`;
  const message = `${advice} It reported: ${failure.message.replace(PROVIDER_FAILED, "")}`;
  const fault = isInput ? "input" : "suspect-input";
  // Without `retryAfterMs`: a pause would hold back the calls of all users, and only this text failed.
  const details = { fault, characters: text.length, ...(status === undefined ? {} : { status }) };
  return new EmbeddingError(message, { cause: failure.cause, retryable: !isInput, details });
}
