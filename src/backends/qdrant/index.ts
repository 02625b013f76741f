/** The vectors on Qdrant, from connection to collection. */
import { UnavailableError } from "../../model/errors.ts";
import type { Resource } from "../../ports/backend.ts";
import type { Logger } from "../../ports/logger.ts";
import type { VectorHit, VectorIndex, VectorPoint, VectorQuery, VectorRemoval } from "../../ports/vector-index.ts";
import { QdrantClient } from "./client.ts";
import { prepareCollection } from "./collection.ts";
import type { QdrantOptions, VectorIdentity } from "./options.ts";
import { QdrantVectorIndex } from "./vector-index.ts";

/** A vector index whose connections and collection are made at `start`. */
export class QdrantBackend implements Resource, VectorIndex {
  readonly #options: QdrantOptions;
  readonly #identity: VectorIdentity;
  readonly #setup: "auto" | "never";
  readonly #logger: Logger;
  readonly #client: QdrantClient;
  #index: QdrantVectorIndex | null = null;

  constructor(options: QdrantOptions, identity: VectorIdentity, setup: "auto" | "never", logger: Logger) {
    this.#options = options;
    this.#identity = identity;
    this.#setup = setup;
    this.#logger = logger;
    this.#client = new QdrantClient(options);
  }

  async start(): Promise<void> {
    const collection = await prepareCollection(this.#client.admin, this.#options, this.#identity, this.#setup, this.#logger);
    this.#index = new QdrantVectorIndex(this.#client, collection, this.#identity.dims);
  }

  async stop(): Promise<void> {
    this.#index = null;
    await this.#client.close();
  }

  async upsert(points: readonly VectorPoint[]): Promise<PromiseSettledResult<void>[]> {
    return this.#started().upsert(points);
  }

  async remove(removals: readonly VectorRemoval[]): Promise<PromiseSettledResult<void>[]> {
    return this.#started().remove(removals);
  }

  async query(query: VectorQuery): Promise<VectorHit[]> {
    return this.#started().query(query);
  }

  #started(): QdrantVectorIndex {
    if (this.#index === null) throw new UnavailableError("The connection to Qdrant is not started.");
    return this.#index;
  }
}
