/** The vector index on Qdrant. Every write is conditional on the stored version. */
import type { Deadline } from "../../concurrency/deadline.ts";
import { TimeSlice } from "../../concurrency/time-slice.ts";
import { fulfilled, rejected } from "../../concurrency/outcomes.ts";
import { isStoreError, UnavailableError, ValidationError } from "../../model/errors.ts";
import { largestOf, type DistanceMetric, type VectorShape } from "../../model/distance-metric.ts";
import type { ItemId } from "../../model/item.ts";
import type { KeywordLanguage } from "../../model/keyword-language.ts";
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
import type { QdrantClient } from "./client.ts";
import { KEYWORD_VECTOR } from "./options.ts";
import { ALL_PATHS, type KeptPaths } from "./payload-rule.ts";
import { pointId, toPoint, type QdrantPoint } from "./point.ts";
import { PointSearch } from "./point-search.ts";
import { expiredPoints, scanPoints } from "./point-scan.ts";
import { renewPoints } from "./renewal.ts";
import type { Schema } from "./schema.ts";
import { pointsOf, toStoredPoint, toVectors } from "./stored-payload.ts";

/** Most characters of the points in one request: Qdrant refuses bodies over 32 MB, and a character has up to six bytes as JSON. */
const MAX_CHARACTERS = 5_000_000;

/** Characters of one vector component, with its comma. */
const NUMBER_LENGTH = 11;

/** Characters of a term with its weight. */
const TERM_LENGTH = 18;

/** Name of the vectors of texts, beside the terms. */
const DEFAULT_VECTOR = "";

/** How points are written. */
interface UpsertCondition {
  /** Which stored points are kept: of an equal or newer version (`gte`), or only of a newer version (`gt`). A point without a valid version is replaced. */
  readonly keepsStored: "gte" | "gt";
  readonly deadline: Deadline | undefined;
}

/** A point, and the form in which it is sent. */
interface Outgoing {
  readonly point: VectorPoint;
  readonly sent: QdrantPoint;
}

/** Properties of the collection. */
export interface QdrantCollection {
  readonly name: string;
  readonly dims: number;
  /** Cosine by default. */
  readonly metric?: DistanceMetric;
  /** Language of its terms; null (default) without sparse vectors. */
  readonly keywordLanguage?: KeywordLanguage | null;
  /** Which scalars of values are stored in payloads; all by default. */
  readonly kept?: KeptPaths;
}

/** Vectors in one collection. */
export class QdrantVectorIndex implements VectorIndex {
  readonly #client: QdrantClient;
  readonly #path: string;
  readonly #shape: VectorShape;
  readonly #kept: KeptPaths;
  readonly #keywordLanguage: KeywordLanguage | null;
  readonly #search: PointSearch;

  constructor(client: QdrantClient, { name, dims, metric = "cosine", keywordLanguage = null, kept = ALL_PATHS }: QdrantCollection) {
    this.#kept = kept;
    this.#client = client;
    this.#path = `/collections/${encodeURIComponent(name)}/points`;
    this.#shape = { dims, metric };
    this.#keywordLanguage = keywordLanguage;
    this.#search = new PointSearch(client, this.#path, metric, kept);
  }

  async upsert(
    points: readonly VectorPoint[],
    { overEqual } = { overEqual: false },
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<UpsertOutcome>[]> {
    const outcomes = new Map<VectorPoint, PromiseSettledResult<UpsertOutcome>>();
    const valid = points.filter((point) => {
      const fault = this.#faultOf(point.vectors);
      if (fault !== null) outcomes.set(point, { status: "rejected", reason: fault });
      return fault === null;
    });
    const condition: UpsertCondition = { keepsStored: overEqual ? "gt" : "gte", deadline };
    const chunks = inChunks(await this.#toOutgoing(valid));
    await Promise.all(chunks.map((chunk) => this.#upsertChunk(chunk, outcomes, condition)));
    return points.map((point) => outcomes.get(point) as PromiseSettledResult<UpsertOutcome>);
  }

  async remove(removals: readonly VectorRemoval[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    return Promise.allSettled(
      removals.map(async (removal) => {
        const { version, writeId } = removal;
        // Includes points whose version is missing or not a number.
        const isOlder: Schema<"Filter"> = { must_not: [{ key: "version", range: { gte: version } }] };
        const isOwn: Schema<"Filter"> = { must: [{ key: "version", range: { lte: version } }, { key: "write_id", match: { value: writeId } }] };
        const filter: Schema<"Filter"> = { must: [{ has_id: [pointId(removal)] }, { should: [isOlder, isOwn] }] };
        await this.#client.request<"deletePoints">("POST", `${this.#path}/delete?wait=true`, { filter }, "remove vectors", deadline);
      }),
    );
  }

  async query(query: VectorQuery, deadline?: Deadline): Promise<VectorHit[]> {
    this.#checkQuery(query);
    return this.#search.query(query, deadline);
  }

  /** Language of its terms; null without terms. */
  get keywordLanguage(): KeywordLanguage | null {
    return this.#keywordLanguage;
  }

  async queryKeywords(query: KeywordQuery, deadline?: Deadline): Promise<VectorHit[]> {
    this.#checkTerms();
    return this.#search.queryKeywords(query, deadline);
  }

  async queryBoth(query: HybridQuery, deadline?: Deadline): Promise<Rankings> {
    this.#checkQuery(query);
    this.#checkTerms();
    return this.#search.queryBoth(query, deadline);
  }

  scan(after: string | null, limit: number, deadline?: Deadline): Promise<ScanPage<IndexedPoint>> {
    return scanPoints({ client: this.#client, path: this.#path, deadline }, after, limit);
  }

  expired(now: number, after: string | null, limit: number, deadline?: Deadline): Promise<Omit<ScanPage<IndexedPoint>, "done">> {
    return expiredPoints({ client: this.#client, path: this.#path, deadline }, now, after, limit);
  }

  renew(renewals: readonly VectorRenewal[], deadline?: Deadline): Promise<void> {
    return renewPoints({ client: this.#client, path: this.#path, deadline }, renewals);
  }

  #checkQuery({ vector }: VectorQuery): void {
    largestOf(vector, this.#shape);
  }

  #checkTerms(): void {
    if (this.#keywordLanguage === null) throw new UnavailableError("The Qdrant collection has no sparse vectors for keyword search.");
  }

  /** Yields to other callers in between: the terms of a big value take milliseconds. */
  async #toOutgoing(points: readonly VectorPoint[]): Promise<Outgoing[]> {
    const outgoing: Outgoing[] = [];
    const slice = new TimeSlice();
    for (const point of points) {
      const turn = slice.turn();
      if (turn !== null) await turn;
      outgoing.push({ point, sent: toPoint(point, { kept: this.#kept, metric: this.#shape.metric, holdsTerms: this.#keywordLanguage !== null }) });
    }
    return outgoing;
  }

  /** Checks vectors before they are sent: Qdrant would refuse the entire request for one vector of a wrong length. */
  #faultOf(vectors: readonly Vector[]): ValidationError | null {
    try {
      for (const vector of vectors) largestOf(vector, this.#shape);
    } catch (error) {
      if (error instanceof ValidationError) return error;
      throw error;
    }
    return null;
  }

  /**
   * Writes a chunk in one request, with one condition for all points: the stored version is older than the oldest of the chunk.
   * The stored versions are then read back: a point that an older stored write has blocked is written again with its own condition.
   */
  async #upsertChunk(
    chunk: readonly Outgoing[],
    outcomes: Map<VectorPoint, PromiseSettledResult<UpsertOutcome>>,
    condition: UpsertCondition,
  ): Promise<void> {
    const points = chunk.map(({ sent }) => sent);
    const oldest = Math.min(...points.map(({ payload }) => payload.version));
    try {
      await this.#upsertUnlessStored(points, oldest, condition);
      const stored = await this.#readBack(points, condition);
      await Promise.all(
        chunk.map(async ({ point, sent }, i) => {
          const found = stored[i] ?? null;
          const isBlocked = chunk.length > 1 && found !== null && found.version < sent.payload.version;
          outcomes.set(point, isBlocked ? await this.#upsertAlone(sent, condition) : fulfilled(outcomeOf(sent, found)));
        }),
      );
    } catch (reason) {
      if (chunk.length > 1 && isStoreError(reason) && !reason.retryable) {
        // One point may be the cause: each is written alone, so that only that one fails.
        await Promise.all(chunk.map((outgoing) => this.#upsertChunk([outgoing], outcomes, condition)));
      } else {
        for (const { point } of chunk) outcomes.set(point, rejected(reason));
      }
    }
  }

  async #upsertAlone(point: QdrantPoint, condition: UpsertCondition): Promise<PromiseSettledResult<UpsertOutcome>> {
    try {
      await this.#upsertUnlessStored([point], point.payload.version, condition);
      const [stored = null] = await this.#readBack([point], condition);
      return fulfilled(outcomeOf(point, stored));
    } catch (reason) {
      return rejected(reason);
    }
  }

  async #upsertUnlessStored(points: readonly QdrantPoint[], version: number, { keepsStored, deadline }: UpsertCondition): Promise<void> {
    const body: Schema<"PointsList"> = { points, update_filter: { must_not: [{ key: "version", range: { [keepsStored]: version } }] } };
    await this.#client.request<"upsertPoints">("PUT", `${this.#path}?wait=true`, body, "write vectors", deadline);
  }

  stored(ids: readonly ItemId[], deadline?: Deadline): Promise<(StoredPoint | null)[]> {
    return this.#storedAt(ids.map(pointId), deadline);
  }

  async vectorsOf(ids: readonly ItemId[], deadline?: Deadline): Promise<(readonly Vector[] | null)[]> {
    if (ids.length === 0) return [];
    const points = ids.map(pointId);
    const body: Schema<"PointRequest"> = { ids: points, with_payload: false, with_vector: [DEFAULT_VECTOR] };
    const found = await this.#client.request<"getPoints">("POST", this.#path, body, "read vectors", deadline);
    const vectors = new Map(pointsOf({ points: found }).map(({ id, vector }) => [id, toVectors(vector)]));
    return points.map((id) => vectors.get(id) ?? null);
  }

  async #storedAt(ids: readonly string[], deadline: Deadline | undefined): Promise<(StoredPoint | null)[]> {
    if (ids.length === 0) return [];
    const body: Schema<"PointRequest"> = { ids, with_payload: ["version", "write_id"], with_vector: false };
    const found = await this.#client.request<"getPoints">("POST", this.#path, body, "read back vectors", deadline);
    const points = new Map(pointsOf({ points: found }).map(({ id, payload }) => [id, toStoredPoint(payload)]));
    return ids.map((id) => points.get(id) ?? null);
  }

  #readBack(points: readonly QdrantPoint[], { deadline }: UpsertCondition): Promise<(StoredPoint | null)[]> {
    return this.#storedAt(points.map(({ id }) => id), deadline);
  }
}

/**
 * Returns the outcome of a write from what was read back. A missing point was removed by a later delete. A point of an earlier
 * write may have been written after that delete, as a delete leaves nothing that would block it.
 */
function outcomeOf({ payload }: QdrantPoint, stored: StoredPoint | null): UpsertOutcome {
  if (stored === null || stored.version < payload.version) return "contested";
  return stored.version === payload.version && stored.writeId !== payload.write_id ? "contested" : "stored";
}

/** Splits points into chunks that fit in one request. */
function inChunks(points: readonly Outgoing[]): Outgoing[][] {
  const chunks: Outgoing[][] = [];
  let remaining = 0;
  for (const outgoing of points) {
    const length = lengthOf(outgoing.sent);
    if (chunks.length === 0 || remaining < length) {
      chunks.push([]);
      remaining = MAX_CHARACTERS;
    }
    chunks.at(-1)?.push(outgoing);
    remaining -= length;
  }
  return chunks;
}

/** Returns the approximate length of a point as JSON, characters. */
function lengthOf({ vector, payload }: QdrantPoint): number {
  const [vectors, terms] = "" in vector ? [vector[""], vector[KEYWORD_VECTOR].indices.length] : [vector, 0];
  let length = vectors.length * (vectors[0]?.length ?? 0) * NUMBER_LENGTH + terms * TERM_LENGTH + payload.key.length + payload.ns.length;
  for (const prefix of payload.prefixes) length += prefix.length;
  for (const term of payload.terms) length += term.length;
  return length;
}
