/** The vectors on Qdrant, from connection to collection. */
import { UnavailableError } from "../../model/errors.ts";
import type { ItemId } from "../../model/item.ts";
import type { Resource } from "../../ports/backend.ts";
import type {
  StoredPoint,
  UpsertOutcome,
  VectorHit,
  VectorIndex,
  VectorPoint,
  VectorQuery,
  VectorRemoval,
} from "../../ports/vector-index.ts";
import { QdrantClient } from "./client.ts";
import { markComplete, prepareCollection, type Collection, type CollectionSetup } from "./collection.ts";
import { QdrantVectorIndex } from "./vector-index.ts";

/** What there is once the backend is started. */
interface Started {
  readonly collection: Collection;
  readonly index: QdrantVectorIndex;
  isComplete: boolean;
}

/** A vector index whose connections and collection are made at `start`. */
export class QdrantBackend implements Resource, VectorIndex {
  readonly #setup: CollectionSetup;
  readonly #client: QdrantClient;
  #started: Started | null = null;

  constructor(setup: CollectionSetup) {
    this.#setup = setup;
    this.#client = new QdrantClient(setup.options);
  }

  async start(): Promise<void> {
    const { identity, logger } = this.#setup;
    const collection = await prepareCollection(this.#client, this.#setup);
    const index = new QdrantVectorIndex(this.#client, collection.name, identity.dims);
    this.#started = { collection, index, isComplete: collection.isComplete };
    if (!collection.isComplete) {
      logger.warn(
        { collection: collection.name },
        "the Qdrant collection was lost and a new one took its place: searches are degraded until it is filled",
      );
    }
  }

  async stop(): Promise<void> {
    this.#started = null;
    await this.#client.close();
  }

  /** Whether the collection holds what the records say. */
  get isComplete(): boolean {
    return this.#running().isComplete;
  }

  /** Says that the collection has been filled from the records; searches use it from then on. */
  async complete(): Promise<void> {
    const started = this.#running();
    await markComplete(this.#setup.settings, started.collection);
    started.isComplete = true;
  }

  async upsert(
    points: readonly VectorPoint[],
    options?: { readonly overEqual: boolean },
  ): Promise<PromiseSettledResult<UpsertOutcome>[]> {
    return this.#running().index.upsert(points, options);
  }

  async stored(ids: readonly ItemId[]): Promise<(StoredPoint | null)[]> {
    return this.#running().index.stored(ids);
  }

  async remove(removals: readonly VectorRemoval[]): Promise<PromiseSettledResult<void>[]> {
    return this.#running().index.remove(removals);
  }

  async query(query: VectorQuery): Promise<VectorHit[]> {
    const { index, isComplete } = this.#running();
    if (isComplete) return index.query(query);
    throw new UnavailableError("The vectors were lost and are being filled in again from the records.");
  }

  #running(): Started {
    if (this.#started === null) throw new UnavailableError("The connection to Qdrant is not started.");
    return this.#started;
  }
}
