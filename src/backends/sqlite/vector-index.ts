import type { Deadline } from "../../concurrency/deadline.ts";
import { ValidationError } from "../../model/errors.ts";
import { ignoresLength, largestOf, type VectorShape } from "../../model/distance-metric.ts";
import type { ItemId } from "../../model/item.ts";
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
} from "../../ports/vector-index.ts";
import type { DatabaseCalls, GenerationShape, RemoveWrite, UpsertWrite } from "./requests.ts";
import { encodeTerms } from "./term-lists.ts";
import type { WriteGroup } from "./write-group.ts";

/** Most vectors of an item. */
const MAX_VECTORS = 65_536;

/** What a {@link SqliteVectorIndex} depends on. */
interface VectorIndexOptions {
  readonly database: DatabaseCalls;
  readonly writes: WriteGroup;
  readonly shape: VectorShape;
  /** Current time in milliseconds since the epoch. */
  readonly now: () => number;
  /** Called before each search, which fails with what it throws. */
  readonly beforeSearch?: (() => void) | undefined;
}

/** Vectors of a generation of the index in a local file, searched exactly. */
export class SqliteVectorIndex implements VectorIndex {
  readonly #database: DatabaseCalls;
  readonly #writes: WriteGroup;
  readonly #now: () => number;
  readonly #beforeSearch: (() => void) | undefined;
  #shape: GenerationShape;

  constructor({ database, writes, shape: { dims, metric }, now, beforeSearch }: VectorIndexOptions) {
    this.#database = database;
    this.#writes = writes;
    this.#shape = { generation: 1, dims, metric };
    this.#now = now;
    this.#beforeSearch = beforeSearch;
  }

  /**
   * Uses the vectors of a generation from now on, which is created if it does not exist.
   *
   * @throws {SchemaError} when its vectors have another length, or when it was removed.
   */
  async startGeneration(generation: number): Promise<void> {
    const exists = await this.#database.call("hasGeneration", { generation, dims: this.#shape.dims });
    if (!exists) await this.#writes.one({ kind: "create-generation", generation });
    this.#shape = { ...this.#shape, generation };
  }

  /** Never `contested`: the record is in the same file, so of two points with equal versions the record's own stays. */
  async upsert(
    points: readonly VectorPoint[],
    _options?: { readonly overEqual: boolean },
    deadline?: Deadline,
  ): Promise<PromiseSettledResult<UpsertOutcome>[]> {
    const outcomes = await this.#writes.each(points, (point) => this.#toUpsert(point), deadline);
    return outcomes.map((outcome) => (outcome.status === "rejected" ? outcome : { status: "fulfilled", value: "stored" }));
  }

  async stored(ids: readonly ItemId[], deadline?: Deadline): Promise<(StoredPoint | null)[]> {
    if (ids.length === 0) return [];
    return [...(await this.#database.call("stored", this.#storedOf(ids), deadline))];
  }

  async vectorsOf(ids: readonly ItemId[], deadline?: Deadline): Promise<(readonly Vector[] | null)[]> {
    if (ids.length === 0) return [];
    const found = await this.#database.call("vectorsOf", this.#storedOf(ids), deadline);
    return found.map((bytes) => (bytes === null ? null : toVectors(bytes, this.#shape.dims)));
  }

  remove(removals: readonly VectorRemoval[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
    const { generation } = this.#shape;
    // The writes of one call share a transaction.
    const isSynced = removals.some(({ hasNoIntent = false }) => hasNoIntent);
    return this.#writes.each(
      removals,
      ({ namespace, key, version, writeId }): RemoveWrite => ({ kind: "remove", generation, namespace, key, version, writeId, isSynced }),
      deadline,
    );
  }

  async query(query: VectorQuery, deadline?: Deadline): Promise<VectorHit[]> {
    return (await this.#rank(query, query.vector, null, deadline)).semantic as VectorHit[];
  }

  async queryKeywords(query: KeywordQuery, deadline?: Deadline): Promise<VectorHit[]> {
    return (await this.#rank(query, null, query.terms, deadline)).keyword as VectorHit[];
  }

  queryBoth(query: HybridQuery, deadline?: Deadline): Promise<Rankings> {
    return this.#rank(query, query.vector, query.terms, deadline);
  }

  async #rank(
    { prefix, filter, limit }: Pick<VectorQuery, "prefix" | "filter" | "limit">,
    vector: Vector | null,
    terms: readonly number[] | null,
    deadline: Deadline | undefined,
  ): Promise<Rankings> {
    this.#beforeSearch?.();
    const numbers = vector === null ? null : toNumbers(vector, this.#shape);
    return this.#database.call("rank", { index: this.#shape, vector: numbers, terms, prefix, filter, limit, now: this.#now() }, deadline);
  }

  scan(after: string | null, limit: number, deadline?: Deadline): Promise<ScanPage<IndexedPoint>> {
    return this.#database.call("points", { generation: this.#shape.generation, after, limit: Math.max(limit, 1) }, deadline);
  }

  async expired(now: number, after: string | null, limit: number, deadline?: Deadline): Promise<Omit<ScanPage<IndexedPoint>, "done">> {
    return limit < 1 ? { found: [], next: after } : this.#database.call("expired", { generation: this.#shape.generation, now, after, limit }, deadline);
  }

  /** Does nothing: points have no expiry here, as the record is in the same file. */
  async renew(): Promise<void> {}

  #storedOf(ids: readonly ItemId[]): { readonly generation: number; readonly ids: readonly ItemId[] } {
    return { generation: this.#shape.generation, ids: ids.map(({ namespace, key }) => ({ namespace, key })) };
  }

  #toUpsert({ namespace, key, version, writeId, vectors, termWeights = null }: VectorPoint): UpsertWrite {
    if (vectors.length === 0 || vectors.length > MAX_VECTORS) {
      throw new ValidationError(`An item can have 1 to ${MAX_VECTORS} vectors, but got ${vectors.length}.`);
    }
    const { generation, dims } = this.#shape;
    const numbers = new Float32Array(vectors.length * dims);
    for (const [i, vector] of vectors.entries()) writeVector(vector, this.#shape, numbers, i * dims);
    return {
      kind: "upsert",
      generation,
      namespace,
      key,
      version,
      writeId,
      dims,
      vectors: new Uint8Array(numbers.buffer),
      terms: termWeights === null ? null : encodeTerms(termWeights.terms, termWeights.weights),
    };
  }
}

/** Vectors with numbers beyond these are scaled: single precision, in which they are stored, has a smaller range. */
const LARGEST = 1e30;
const SMALLEST = 1e-30;

/** Returns vectors that are stored one after another, in single precision. */
function toVectors(bytes: Uint8Array, dims: number): Vector[] {
  // A copy: a view of numbers must start at a multiple of their size.
  const numbers = new Float32Array(new Uint8Array(bytes).buffer);
  return Array.from({ length: numbers.length / dims }, (_, i) => Array.from(numbers.subarray(i * dims, (i + 1) * dims)));
}

function toNumbers(vector: Vector, shape: VectorShape): Float32Array {
  const numbers = new Float32Array(shape.dims);
  writeVector(vector, shape, numbers, 0);
  return numbers;
}

/** Writes a vector in single precision; scaled where it is very long or very short, if only its angle matters. */
function writeVector(vector: Vector, shape: VectorShape, target: Float32Array, start: number): void {
  const { dims, metric } = shape;
  const largest = largestOf(vector, shape);
  const divisor = ignoresLength(metric) && (largest > LARGEST || (largest < SMALLEST && largest > 0)) ? largest : 1;
  for (let i = 0; i < dims; i += 1) target[start + i] = (vector[i] as number) / divisor;
}
