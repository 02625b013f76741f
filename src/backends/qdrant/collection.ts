/** The collection of a store: made, checked and named. */
import { createHash, randomUUID } from "node:crypto";
import { SchemaError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Settings } from "../../ports/settings.ts";
import { collectionExists, createPayloadIndex, leadAlias, readAliases, readCollection, serverVersion } from "./admin.ts";
import type { QdrantClient } from "./client.ts";
import type { QdrantOptions, VectorIdentity } from "./options.ts";
import type { Schema } from "./schema.ts";

/** Name of the first collection of a model: vectors of another one never meet in it. */
export function collectionName(alias: string, identity: VectorIdentity): string {
  const fingerprint = createHash("sha256").update(JSON.stringify([identity.model, identity.dims, "Cosine"])).digest("hex");
  return `${alias}_${fingerprint.slice(0, 12)}`;
}

/** What a collection is made or checked with. */
export interface CollectionSetup {
  readonly options: QdrantOptions;
  readonly identity: VectorIdentity;
  readonly setup: "auto" | "never";
  /** What the records say of their collection. */
  readonly settings: Settings;
  readonly logger: Logger;
}

/** A collection that is there and fits. */
export interface Collection {
  readonly name: string;
  /** Whether it holds what the records say; not so when the one that did was lost, and this one took its place. */
  readonly isComplete: boolean;
}

/** What is written into a collection when it is made. */
interface Mark {
  readonly owner: string;
  readonly generation: string;
}

/** Writes conditional on the stored version came with this one. */
const OLDEST_SERVER = [1, 16] as const;

/**
 * Makes sure that the collection is there and fits. Several processes may do so at once.
 *
 * The records know every collection that the store ever had, by number and generation. One that is gone, or is there
 * under another generation, was lost: the next number takes its place. So a collection that somebody made anew under an
 * old name is never taken for the one that held the vectors, and a process that still uses the old name finds nothing
 * there, instead of an empty collection.
 *
 * @throws {SchemaError} when it does not fit, belongs to another store, or is missing although set-up is not allowed.
 */
export async function prepareCollection(client: QdrantClient, how: CollectionSetup): Promise<Collection> {
  const { options, identity, setup, settings } = how;
  await checkServer(client);
  const base = collectionName(options.collection, identity);
  const owner = await settings.establish("store-id", randomUUID());
  const last = await lastOf(settings, base);
  const existing = last === null ? null : await existingMark(client, last.name, identity.dims);
  if (last !== null && existing?.generation === last.generation) {
    // Again, as one may have been dropped, or be of a later version than the collection.
    if (setup === "auto") await finish(client, { name: last.name, base, alias: options.collection });
    return { name: last.name, isComplete: await isComplete(settings, last) };
  }
  const number = (last?.number ?? 0) + 1;
  const name = nameOf(base, number);
  if (!(await collectionExists(client, name))) {
    if (setup === "never") {
      throw new SchemaError(
        `The Qdrant collection "${name}" does not exist, and setup is "never": start a process with setup "auto" once, ` +
          "with the same index configuration and an API key that may create collections.",
      );
    }
    await create(client, name, { owner, generation: randomUUID() }, how);
  }
  const mark = await check(client, name, identity.dims);
  if (mark.owner !== owner) {
    throw new SchemaError(
      `The Qdrant collection "${name}" belongs to the store of another keyspace: give this one a name of its own as ` +
        "qdrant.collection.",
    );
  }
  if (setup === "auto") await finish(client, { name, base, alias: options.collection });
  await settings.establish(settingOf(base, number), mark.generation);
  return { name, isComplete: await isComplete(settings, { name, number }) };
}

/** The collection that the records know of, whether it can be reached or not; null when there never was one. */
export async function knownCollection({ options, identity, settings }: CollectionSetup): Promise<Collection | null> {
  const last = await lastOf(settings, collectionName(options.collection, identity));
  return last === null ? null : { name: last.name, isComplete: await isComplete(settings, last) };
}

/** Notes that a collection holds what the records say. */
export async function markComplete(settings: Settings, name: string): Promise<void> {
  await settings.establish(`complete:${name}`, "complete");
}

/** Whether a collection was filled, by whichever process. */
export async function isMarkedComplete(settings: Settings, name: string): Promise<boolean> {
  return (await settings.read(`complete:${name}`)) !== null;
}

/** The first collection of a store is complete from its beginning; one that took the place of another, once it was filled. */
async function isComplete(settings: Settings, { name, number }: Pick<KnownCollection, "name" | "number">): Promise<boolean> {
  return number === 1 || isMarkedComplete(settings, name);
}

/** A collection that the records know of. */
interface KnownCollection {
  readonly number: number;
  readonly name: string;
  readonly generation: string;
}

function nameOf(base: string, number: number): string {
  return number === 1 ? base : `${base}_${number}`;
}

function settingOf(base: string, number: number): string {
  return `collection:${base}:${number}`;
}

/** The latest collection that the records know of. */
async function lastOf(settings: Settings, base: string): Promise<KnownCollection | null> {
  let last: KnownCollection | null = null;
  for (let number = 1; ; number += 1) {
    const generation = await settings.read(settingOf(base, number));
    if (generation === null) return last;
    last = { number, name: nameOf(base, number), generation };
  }
}

/** The mark of a collection, or null when there is none of that name. */
async function existingMark(client: QdrantClient, name: string, dims: number): Promise<Mark | null> {
  return (await collectionExists(client, name)) ? check(client, name, dims) : null;
}

async function checkServer(client: QdrantClient): Promise<void> {
  const version = await serverVersion(client);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SchemaError(`Qdrant is of version ${version}, but conditional writes need ${OLDEST_SERVER.join(".")}: upgrade it.`);
}

async function create(client: QdrantClient, name: string, mark: Mark, how: CollectionSetup): Promise<void> {
  const { layout } = how.options;
  const { dims } = how.identity;
  try {
    const body: Schema<"CreateCollection"> = {
      vectors: {
        size: dims,
        distance: "Cosine",
        multivector_config: { comparator: "max_sim" },
        on_disk: layout.onDiskVectors,
      },
      // One graph over all points, with additional links within prefixes too small for the graph to have paths through them.
      // Without the graph (m: 0), each big prefix and each term that many values share gets a graph of its own: 60,000 points
      // then took 3.2 ms of processor time each to index, instead of 0.5.
      hnsw_config: { m: layout.m, payload_m: layout.payloadM, ef_construct: layout.efConstruct },
      shard_number: layout.shardNumber,
      replication_factor: layout.replicationFactor,
      write_consistency_factor: layout.writeConsistencyFactor,
      on_disk_payload: layout.onDiskPayload,
      metadata: { ...mark },
      optimizers_config: layout.optimizers,
      quantization_config: layout.quantization as Schema<"QuantizationConfig"> | undefined,
    };
    await client.request<"createCollection">("PUT", `/collections/${encodeURIComponent(name)}`, body, "create the collection");
    how.logger.info({ collection: name, dims }, "created the Qdrant collection");
  } catch (error) {
    // Another process that starts at the same time may have been first.
    if (!(await collectionExists(client, name))) throw error;
  }
}

/** Payload indexes and alias; each is made again without harm. */
async function finish(client: QdrantClient, { name, base, alias }: Record<"name" | "base" | "alias", string>): Promise<void> {
  await createPayloadIndex(client, name, "prefixes", { type: "keyword", is_tenant: true });
  await createPayloadIndex(client, name, "terms", "keyword");
  // Every filter asks for it: without an index it was read from the payload of each point that has not the term.
  await createPayloadIndex(client, name, "partial", "bool");
  // Only ranges are asked for, never one exact end.
  await createPayloadIndex(client, name, "expires_at", { type: "integer", lookup: false, range: true });
  const aliases = await readAliases(client);
  const target = aliases.find(({ alias_name: taken }) => taken === alias)?.collection_name;
  // One that leads to a collection of another model is left to whoever changed the model.
  if (target === name || (target !== undefined && !target.startsWith(base))) return;
  await leadAlias(client, alias, name, target !== undefined);
}

/** Checks that a collection is of this store's making, and reads its mark. */
async function check(client: QdrantClient, name: string, dims: number): Promise<Mark> {
  const { config } = await readCollection(client, name);
  const { vectors } = config.params;
  const fits =
    vectors?.size === dims && vectors.distance === "Cosine" && typeof vectors.multivector_config === "object";
  const { owner, generation } = (config.metadata ?? {}) as Partial<Record<keyof Mark, unknown>>;
  if (fits && typeof owner === "string" && typeof generation === "string") return { owner, generation };
  throw new SchemaError(
    `The Qdrant collection "${name}" was not made by this store for vectors of ${dims} numbers: drop it if nothing ` +
      "else uses it, or give another name as qdrant.collection.",
  );
}
