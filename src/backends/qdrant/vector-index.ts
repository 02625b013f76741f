/** The vector index on Qdrant. Every write is conditional on the version that is stored. */
import { isStoreError, QueryError, ValidationError } from "../../model/errors.ts";
import type { Vector, VectorHit, VectorIndex, VectorPoint, VectorQuery, VectorRemoval } from "../../ports/vector-index.ts";
import type { QdrantClient } from "./client.ts";
import { translateFilter } from "./filter.ts";
import { pointId, prefixText, toPoint, type QdrantPoint } from "./point.ts";

/** Most numbers in the vectors of one request: some 10 MB of JSON; Qdrant refuses bodies of 32 MB. */
const MAX_NUMBERS = 500_000;

/** Vectors in one collection. */
export class QdrantVectorIndex implements VectorIndex {
  readonly #client: QdrantClient;
  readonly #path: string;
  readonly #dims: number;

  constructor(client: QdrantClient, collection: string, dims: number) {
    this.#client = client;
    this.#path = `/collections/${encodeURIComponent(collection)}/points`;
    this.#dims = dims;
  }

  async upsert(points: readonly VectorPoint[]): Promise<PromiseSettledResult<void>[]> {
    const outcomes = new Map<VectorPoint, PromiseSettledResult<void>>();
    const sound = points.filter((point) => {
      const fault = this.#faultOf(point.vectors);
      if (fault !== null) outcomes.set(point, { status: "rejected", reason: fault });
      return fault === null;
    });
    const chunks = inChunks(sound, ({ vectors }) => vectors.length * this.#dims);
    await Promise.all(chunks.map(async (chunk) => this.#upsertGroup(chunk.map(toPoint), chunk, outcomes)));
    return points.map((point) => outcomes.get(point) as PromiseSettledResult<void>);
  }

  async remove(removals: readonly VectorRemoval[]): Promise<PromiseSettledResult<void>[]> {
    return Promise.allSettled(
      removals.map(async (removal) => {
        const filter = { must: [{ has_id: [pointId(removal)] }, { key: "version", range: { lte: removal.version } }] };
        await this.#client.request("POST", `${this.#path}/delete?wait=true`, { filter }, "remove vectors");
      }),
    );
  }

  async query({ vector, prefix, filter, limit }: VectorQuery): Promise<VectorHit[]> {
    const fault = this.#faultOf([vector]);
    if (fault !== null) throw fault;
    const below = { key: "prefixes", match: { value: prefixText(prefix) } };
    const matching = translateFilter(filter);
    const answer = await this.#client.request(
      "POST",
      `${this.#path}/query`,
      {
        query: [vector],
        filter: { must: matching === null ? [below] : [below, matching] },
        limit,
        with_payload: ["ns", "key", "write_id"],
      },
      "search vectors",
    );
    return (answer as { points: { score: number; payload: { ns: string; key: string; write_id: string } }[] }).points.map(
      ({ score, payload }) => ({ namespace: payload.ns, key: payload.key, writeId: payload.write_id, score }),
    );
  }

  /** Qdrant would refuse a whole request for one vector of a wrong length; so each is checked before. */
  #faultOf(vectors: readonly Vector[]): ValidationError | null {
    for (const vector of vectors) {
      if (vector.length !== this.#dims) {
        return new ValidationError(`A vector has ${vector.length} numbers, but the index is of ${this.#dims}.`);
      }
      if (!vector.every(Number.isFinite)) return new ValidationError("A vector holds a number that is not finite.");
    }
    return null;
  }

  /**
   * Writes a group in one request. Its condition is one for all: older than the group's oldest. The stored versions
   * then tell which points need a condition of their own: those that another write, older than theirs, holds.
   */
  async #upsertGroup(
    group: readonly QdrantPoint[],
    points: readonly VectorPoint[],
    outcomes: Map<VectorPoint, PromiseSettledResult<void>>,
  ): Promise<void> {
    const oldest = Math.min(...group.map(({ payload }) => payload.version));
    try {
      await this.#upsertOver(group, oldest);
      const behind = await this.#behind(group);
      await Promise.all(
        points.map(async (point, i) => {
          const sent = group[i] as QdrantPoint;
          outcomes.set(point, behind.has(sent.id) && group.length > 1 ? await this.#upsertAlone(sent) : settled(sent, behind));
        }),
      );
    } catch (reason) {
      if (group.length > 1 && isStoreError(reason) && !reason.retryable) {
        // One point may be at fault: it shall fail alone.
        await Promise.all(points.map(async (point, i) => this.#upsertGroup([group[i] as QdrantPoint], [point], outcomes)));
      } else {
        for (const point of points) outcomes.set(point, { status: "rejected", reason });
      }
    }
  }

  async #upsertAlone(point: QdrantPoint): Promise<PromiseSettledResult<void>> {
    try {
      await this.#upsertOver([point], point.payload.version);
      return settled(point, await this.#behind([point]));
    } catch (reason) {
      return { status: "rejected", reason };
    }
  }

  async #upsertOver(points: readonly QdrantPoint[], olderThan: number): Promise<void> {
    const body = { points, update_filter: { must: [{ key: "version", range: { lt: olderThan } }] } };
    await this.#client.request("PUT", `${this.#path}?wait=true`, body, "write vectors");
  }

  /** Ids of the points whose stored version is below the one given, or that are not stored at all. */
  async #behind(points: readonly QdrantPoint[]): Promise<ReadonlySet<string>> {
    const body = { ids: points.map(({ id }) => id), with_payload: ["version"], with_vector: false };
    const stored = (await this.#client.request("POST", this.#path, body, "read back vectors")) as {
      id: string;
      payload?: { version?: number };
    }[];
    const versions = new Map(stored.map(({ id, payload }) => [id, payload?.version ?? -1]));
    return new Set(points.filter(({ id, payload }) => (versions.get(id) ?? -1) < payload.version).map(({ id }) => id));
  }
}

function settled(point: QdrantPoint, behind: ReadonlySet<string>): PromiseSettledResult<void> {
  if (!behind.has(point.id)) return { status: "fulfilled", value: undefined };
  return { status: "rejected", reason: new QueryError("Qdrant accepted vectors, but holds older ones after the write.") };
}

function inChunks<T>(items: readonly T[], weight: (item: T) => number): T[][] {
  const chunks: T[][] = [];
  let room = 0;
  for (const item of items) {
    if (chunks.length === 0 || room < weight(item)) {
      chunks.push([]);
      room = MAX_NUMBERS;
    }
    chunks.at(-1)?.push(item);
    room -= weight(item);
  }
  return chunks;
}
