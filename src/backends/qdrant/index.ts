/** The vectors on Qdrant, from connection to collection. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { isStoreError, messageOf, UnavailableError } from "../../model/errors.ts";
import type { ItemId } from "../../model/item.ts";
import type { Resource } from "../../ports/backend.ts";
import type { ScanPage } from "../../ports/scan.ts";
import type {
  IndexedPoint,
  StoredPoint,
  UpsertOutcome,
  VectorHit,
  VectorIndex,
  VectorPoint,
  VectorQuery,
  VectorRemoval,
  VectorRenewal,
} from "../../ports/vector-index.ts";
import { QdrantClient } from "./client.ts";
import {
  isMarkedComplete,
  knownCollection,
  markComplete,
  prepareCollection,
  type Collection,
  type CollectionSetup,
} from "./collection.ts";
import { KeptPaths } from "./payload-rule.ts";
import { QdrantVectorIndex } from "./vector-index.ts";

/** What there is once the backend is started. */
interface Started {
  readonly name: string;
  readonly index: QdrantVectorIndex;
  isComplete: boolean;
  isAway: boolean;
}

/** How a start differs from the configured one. */
interface QdrantStart {
  readonly setup?: CollectionSetup["setup"] | undefined;
  readonly mayBeAway?: boolean;
}

/** A vector index whose connections and collection are made at `start`, and whose collection may be replaced. */
export class QdrantBackend implements Resource, VectorIndex {
  readonly #setup: CollectionSetup;
  readonly #client: QdrantClient;
  #started: Started | null = null;

  constructor(setup: CollectionSetup) {
    this.#setup = setup;
    this.#client = new QdrantClient(setup.options, setup.logger);
  }

  /**
   * Makes the collection, or finds it. Where the records know one and Qdrant is away, the store starts without it: a
   * process that is restarted in an outage shall serve what it can.
   *
   * @param how.setup - whether it may be made now; as configured by default
   * @param how.mayBeAway - whether to start while Qdrant is away; so by default
   */
  async start({ setup = this.#setup.setup, mayBeAway = true }: QdrantStart = {}): Promise<void> {
    await this.#client.open();
    try {
      this.#startWith(await prepareCollection(this.#client, { ...this.#setup, setup }), false);
    } catch (error) {
      const known = mayBeAway && isOutage(error) ? await knownCollection(this.#setup) : null;
      if (known === null) throw error;
      this.#setup.logger.warn({ cause: messageOf(error) }, "Qdrant is away: the store starts without it, and looks for it again");
      this.#startWith(known, true);
    }
  }

  async stop(): Promise<void> {
    this.#started = null;
    await this.#client.close();
  }

  /** Name of the collection in use. */
  get name(): string {
    return this.#running().name;
  }

  /** Whether the collection holds what the records say. */
  get isComplete(): boolean {
    return this.#running().isComplete;
  }

  /** Whether the collection cannot be used: it was seen to be gone, or could not be reached when the store started. */
  get isAway(): boolean {
    return this.#running().isAway;
  }

  /** Finds the collection again, or makes the one that takes the place of a lost one. */
  async replace(): Promise<void> {
    this.#startWith(await prepareCollection(this.#client, this.#setup), false);
  }

  /** Looks whether another process has filled the collection meanwhile, or replaced it. */
  async look(): Promise<void> {
    const started = this.#running();
    const known = await knownCollection(this.#setup);
    started.isAway ||= known !== null && known.name !== started.name;
    started.isComplete ||= await isMarkedComplete(this.#setup.settings, started.name);
  }

  /** Says that the collection has been filled from the records; searches use it from then on. */
  async complete(): Promise<void> {
    const started = this.#running();
    await markComplete(this.#setup.settings, started.name);
    started.isComplete = true;
  }

  upsert(
    points: readonly VectorPoint[],
    options?: { readonly overEqual: boolean },
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<UpsertOutcome>[]> {
    return this.#useForEach((index) => index.upsert(points, options, deadline));
  }

  stored(ids: readonly ItemId[], deadline?: Deadline): Promise<(StoredPoint | null)[]> {
    return this.#use((index) => index.stored(ids, deadline));
  }

  remove(removals: readonly VectorRemoval[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    return this.#useForEach((index) => index.remove(removals, deadline));
  }

  query(query: VectorQuery, deadline?: Deadline): Promise<VectorHit[]> {
    return this.#use((index) => index.query(query, deadline));
  }

  scan(after: string | null, limit: number, deadline?: Deadline): Promise<ScanPage<IndexedPoint>> {
    return this.#use((index) => index.scan(after, limit, deadline));
  }

  expired(now: number, after: string | null, limit: number, deadline?: Deadline): Promise<Omit<ScanPage<IndexedPoint>, "done">> {
    return this.#use((index) => index.expired(now, after, limit, deadline));
  }

  renew(renewals: readonly VectorRenewal[], deadline?: Deadline): Promise<void> {
    return this.#use((index) => index.renew(renewals, deadline));
  }

  /** Uses the index, and notes when its collection is gone. */
  async #use<T>(task: (index: QdrantVectorIndex) => Promise<T>): Promise<T> {
    const started = this.#running();
    try {
      return await task(started.index);
    } catch (error) {
      started.isAway ||= isMissingCollection(error);
      throw error;
    }
  }

  #useForEach<T>(
    task: (index: QdrantVectorIndex) => Promise<PromiseSettledResult<T>[]>,
  ): Promise<PromiseSettledResult<T>[]> {
    const started = this.#running();
    return this.#use(async (index) => {
      const outcomes = await task(index);
      started.isAway ||= outcomes.some((outcome) => outcome.status === "rejected" && isMissingCollection(outcome.reason));
      return outcomes;
    });
  }

  #startWith({ name, isComplete }: Collection, isAway: boolean): void {
    const index = new QdrantVectorIndex(this.#client, name, this.#setup.identity.dims, new KeptPaths(this.#setup.options.payload));
    this.#started = { name, index, isComplete, isAway };
  }

  #running(): Started {
    if (this.#started === null) throw new UnavailableError("The connection to Qdrant is not started.");
    return this.#started;
  }
}

/** Whether Qdrant is away, and not kept away by a key or a certificate: those are told at the start. */
function isOutage(error: unknown): boolean {
  return isStoreError(error) && error.retryable && error.code !== "AUTHENTICATION";
}

/** Whether the collection that a request was for is not there. */
function isMissingCollection(error: unknown): boolean {
  return isStoreError(error) && error.details["status"] === 404;
}
