/** Qdrant through plain HTTP. */
import { uuid5 } from "@langchain/langgraph-checkpoint";
import { Pool } from "undici";

/** Any namespace of UUIDs. */
const IDS = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

/** Returns a point whose id is derived from namespace and key. */
export interface RawPoint {
  readonly key: string;
  readonly vector: readonly number[];
  readonly payload: Readonly<Record<string, string>>;
}

/** A collection of single vectors. */
export class RawQdrant {
  readonly #pool: Pool;
  readonly #path: string;

  constructor(url: string, collection: string) {
    this.#pool = new Pool(url, { connections: 32 });
    this.#path = `/collections/${collection}`;
  }

  /** Creates the collection with the store's HNSW settings and payload indexes for the filters. */
  async create(dims: number): Promise<void> {
    const { exists } = (await this.#send("GET", "/exists")) as { exists: boolean };
    if (exists) return;
    await this.#send("PUT", "", { vectors: { size: dims, distance: "Cosine" }, hnsw_config: { m: 16, payload_m: 16 } });
    await this.#send("PUT", "/index?wait=true", { field_name: "ns", field_schema: { type: "keyword", is_tenant: true } });
    await this.#send("PUT", "/index?wait=true", { field_name: "kind", field_schema: "keyword" });
  }

  async upsert(points: readonly RawPoint[]): Promise<void> {
    await this.#send("PUT", "/points?wait=true", {
      points: points.map(({ key, vector, payload }) => ({ id: uuid5(`${payload["ns"]}/${key}`, IDS), vector, payload })),
    });
  }

  /** Returns the keys of the ten nearest matching points. */
  async query(vector: readonly number[], matching: Readonly<Record<string, string>>): Promise<{ key: string }[]> {
    const must = Object.entries(matching).map(([key, value]) => ({ key, match: { value } }));
    const body = { query: vector, limit: 10, with_payload: ["key"], ...(must.length === 0 ? {} : { filter: { must } }) };
    const { points } = (await this.#send("POST", "/points/query", body)) as { points: { payload: { key: string } }[] };
    return points.map(({ payload }) => payload);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #send(method: "GET" | "PUT" | "POST", path: string, body?: unknown): Promise<unknown> {
    const { statusCode, body: answer } = await this.#pool.request({
      method,
      path: this.#path + path,
      headers: { "content-type": "application/json", "accept-encoding": "identity" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const { result, status } = (await answer.json()) as { result: unknown; status: unknown };
    if (statusCode !== 200) throw new Error(`Qdrant answered ${statusCode}: ${JSON.stringify(status)}`);
    return result;
  }
}
