/** The vectors on Qdrant, from connection to collection. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { isStoreError, messageOf, UnavailableError } from "../../model/errors.ts";
import type { ItemId } from "../../model/item.ts";
import type { Diagnosable, Finding } from "../../ports/diagnosis.ts";
import type { KeywordLanguage } from "../../model/keyword-language.ts";
import type { Resource } from "../../ports/backend.ts";
import type { ScanPage } from "../../ports/scan.ts";
import type {
  HybridQuery,
  IndexedPoint,
  KeywordQuery,
  Rankings,
  StoredPoint,
  UpsertOutcome,
  Vector,
  VectorHit,
  VectorIndex,
  VectorPoint,
  VectorQuery,
  VectorRemoval,
  VectorRenewal,
} from "../../ports/vector-index.ts";
import { QdrantClient } from "./client.ts";
import type { VectorIdentity } from "./options.ts";
import {
  dropCollections,
  isMarkedComplete,
  knownCollection,
  markComplete,
  prepareCollection,
  readPreviousName,
  recordName,
  takeAlias,
  type Collection,
  type CollectionSetup,
} from "./collection.ts";
import { diagnoseQdrant } from "./diagnosis.ts";
import { KeptPaths } from "./payload-rule.ts";
import { QdrantVectorIndex } from "./vector-index.ts";

/** The state of a started backend. */
interface Started {
  readonly name: string;
  readonly index: QdrantVectorIndex;
  isComplete: boolean;
  isUnavailable: boolean;
  previousName: string | null;
}

/** How one start differs from the configuration. */
interface QdrantStart {
  readonly setup?: CollectionSetup["setup"] | undefined;
  readonly mayBeUnavailable?: boolean;
  readonly takesAlias?: boolean;
}

/** A vector index that connects at `start`, and whose collection can be replaced. */
export class QdrantBackend implements Resource, VectorIndex, Diagnosable {
  #setup: CollectionSetup;
  readonly #client: QdrantClient;
  #started: Started | null = null;

  constructor(setup: CollectionSetup) {
    this.#setup = setup;
    this.#client = new QdrantClient(setup.options, setup.logger);
  }

  /**
   * Finds or creates the collection. If Qdrant is unreachable and the settings name a collection, the store starts without
   * Qdrant, so that a process that restarts during an outage serves what the records alone allow.
   *
   * @param how.setup - whether the collection may be created; as configured by default
   * @param how.mayBeUnavailable - whether to start while Qdrant is unreachable; true by default
   */
  async start(how: QdrantStart = {}): Promise<void> {
    await this.open();
    await this.startGeneration(1, how);
  }

  /** Creates the connection pool. */
  open(): Promise<void> {
    return this.#client.open();
  }

  /** Finds or creates the collection of a generation of the index, and uses it from now on; otherwise as {@link start}. */
  async startGeneration(generation: number, { setup = this.#setup.setup, mayBeUnavailable = true, takesAlias = true }: QdrantStart = {}): Promise<void> {
    this.#setup = { ...this.#setup, generation, takesAlias };
    try {
      this.#startWith(await prepareCollection(this.#client, { ...this.#setup, setup }), false);
    } catch (error) {
      const known = mayBeUnavailable && isOutage(error) ? await knownCollection(this.#setup) : null;
      if (known === null) throw error;
      this.#setup.logger.warn({ cause: messageOf(error) }, "Qdrant is unreachable: the store starts without it and tries again regularly");
      this.#startWith(known, true);
    }
  }

  async stop(): Promise<void> {
    this.#started = null;
    await this.#client.close();
  }

  /** Name of the collection in use. */
  get name(): string {
    return this.#requireStarted().name;
  }

  /** Whether the collection holds the vectors of all records. */
  get isComplete(): boolean {
    return this.#requireStarted().isComplete;
  }

  /** Whether the collection is missing, or was unreachable when the store started. */
  get isUnavailable(): boolean {
    return this.#requireStarted().isUnavailable;
  }

  /** The recorded `qdrant.collection`, if it is another than the configured one; null otherwise. */
  get previousName(): string | null {
    return this.#requireStarted().previousName;
  }

  /** Records the configured `qdrant.collection` in the place of the previous one, once the collection has the vectors of all items. */
  async confirmName(): Promise<void> {
    const started = this.#requireStarted();
    if (started.previousName === null) return;
    await recordName(this.#setup);
    started.previousName = null;
  }

  /** Finds the collection, or creates the replacement of a lost one. */
  async replace(): Promise<void> {
    this.#startWith(await prepareCollection(this.#client, this.#setup), false);
  }

  /** Checks whether another process has rebuilt or replaced the collection. */
  async refresh(): Promise<void> {
    const started = this.#requireStarted();
    const known = await knownCollection(this.#setup);
    started.isUnavailable ||= known !== null && known.name !== started.name;
    started.isComplete ||= await isMarkedComplete(this.#setup.settings, started.name);
    started.previousName = await readPreviousName(this.#setup);
  }

  /** Records that the collection is rebuilt; searches use it from now on. */
  async complete(): Promise<void> {
    const started = this.#requireStarted();
    await markComplete(this.#setup.settings, started.name);
    started.isComplete = true;
  }

  /** Points the alias of the store to this collection. */
  async takeAlias(): Promise<void> {
    this.#setup = { ...this.#setup, takesAlias: true };
    await takeAlias(this.#client, this.#setup.options.collection, this.name);
  }

  /** Deletes the collections of a generation, and returns their names. */
  drop(identity: VectorIdentity, generation: number): Promise<string[]> {
    return dropCollections(this.#client, this.#setup, identity, generation);
  }

  diagnose(): Promise<Finding[]> {
    const { name, isComplete, isUnavailable, previousName } = this.#requireStarted();
    const { url, collection: configured } = this.#setup.options;
    return diagnoseQdrant({ client: this.#client, collection: name, isComplete, isUnavailable, configured, previousName, url });
  }

  upsert(
    points: readonly VectorPoint[],
    options?: { readonly overEqual: boolean },
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<UpsertOutcome>[]> {
    return this.#callForEach((index) => index.upsert(points, options, deadline));
  }

  stored(ids: readonly ItemId[], deadline?: Deadline): Promise<(StoredPoint | null)[]> {
    return this.#call((index) => index.stored(ids, deadline));
  }

  vectorsOf(ids: readonly ItemId[], deadline?: Deadline): Promise<(readonly Vector[] | null)[]> {
    return this.#call((index) => index.vectorsOf(ids, deadline));
  }

  remove(removals: readonly VectorRemoval[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    return this.#callForEach((index) => index.remove(removals, deadline));
  }

  query(query: VectorQuery, deadline?: Deadline): Promise<VectorHit[]> {
    return this.#call((index) => index.query(query, deadline));
  }

  /** Language of the terms that the collection holds; null where it holds none. */
  get keywordLanguage(): KeywordLanguage | null {
    return this.#requireStarted().index.keywordLanguage;
  }

  queryKeywords(query: KeywordQuery, deadline?: Deadline): Promise<VectorHit[]> {
    return this.#call((index) => index.queryKeywords(query, deadline));
  }

  queryBoth(query: HybridQuery, deadline?: Deadline): Promise<Rankings> {
    return this.#call((index) => index.queryBoth(query, deadline));
  }

  scan(after: string | null, limit: number, deadline?: Deadline): Promise<ScanPage<IndexedPoint>> {
    return this.#call((index) => index.scan(after, limit, deadline));
  }

  expired(now: number, after: string | null, limit: number, deadline?: Deadline): Promise<Omit<ScanPage<IndexedPoint>, "done">> {
    return this.#call((index) => index.expired(now, after, limit, deadline));
  }

  renew(renewals: readonly VectorRenewal[], deadline?: Deadline): Promise<void> {
    return this.#call((index) => index.renew(renewals, deadline));
  }

  /** Calls the index, and records when its collection turns out to be missing. */
  async #call<T>(task: (index: QdrantVectorIndex) => Promise<T>): Promise<T> {
    const started = this.#requireStarted();
    try {
      return await task(started.index);
    } catch (error) {
      started.isUnavailable ||= isMissingCollection(error);
      throw error;
    }
  }

  #callForEach<T>(
    task: (index: QdrantVectorIndex) => Promise<PromiseSettledResult<T>[]>,
  ): Promise<PromiseSettledResult<T>[]> {
    const started = this.#requireStarted();
    return this.#call(async (index) => {
      const outcomes = await task(index);
      started.isUnavailable ||= outcomes.some((outcome) => outcome.status === "rejected" && isMissingCollection(outcome.reason));
      return outcomes;
    });
  }

  #startWith({ name, keywordLanguage, isComplete, previousName }: Collection, isUnavailable: boolean): void {
    const { identity, options } = this.#setup;
    const kept = new KeptPaths(options.payload);
    const index = new QdrantVectorIndex(this.#client, { name, dims: identity.dims, metric: identity.metric, keywordLanguage, kept });
    this.#started = { name, index, isComplete, isUnavailable, previousName };
  }

  #requireStarted(): Started {
    if (this.#started === null) throw new UnavailableError("The connection to Qdrant is not started.");
    return this.#started;
  }
}

/** Returns whether Qdrant is unreachable. A wrong key or certificate is no outage: the start fails with that error. */
function isOutage(error: unknown): boolean {
  return isStoreError(error) && error.retryable && error.code !== "AUTHENTICATION";
}

/** Returns whether a request failed because its collection does not exist. */
function isMissingCollection(error: unknown): boolean {
  return isStoreError(error) && error.details["status"] === 404;
}
