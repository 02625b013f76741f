/** Creates, checks and names the collection of a store. */
import { createHash, randomUUID } from "node:crypto";
import { SchemaError } from "../../model/errors.ts";
import { isKeywordLanguage, type KeywordLanguage } from "../../model/keyword-language.ts";
import { readKeywordLanguage, useKeywordLanguage } from "../../ports/keyword-settings.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Settings } from "../../ports/settings.ts";
import { collectionExists, createPayloadIndex, deleteCollection, switchAlias, readAliases, readCollection, serverVersion } from "./admin.ts";
import type { QdrantClient } from "./client.ts";
import { KEYWORD_VECTOR, QDRANT_DISTANCES, type QdrantOptions, type VectorIdentity } from "./options.ts";
import type { Schema } from "./schema.ts";

/** Returns the name of the first collection of a generation. The name depends on the model, so vectors of two models are never mixed. */
export function collectionName(alias: string, identity: VectorIdentity, generation = 1): string {
  const fingerprint = createHash("sha256").update(JSON.stringify([identity.model, identity.dims, QDRANT_DISTANCES[identity.metric]])).digest("hex");
  return `${alias}_${fingerprint.slice(0, 12)}${generation === 1 ? "" : `_g${generation}`}`;
}

/** What creating or checking a collection needs. */
export interface CollectionSetup {
  readonly options: QdrantOptions;
  readonly identity: VectorIdentity;
  /** Language of the terms of a collection that is created; null for none. */
  readonly keywordLanguage: KeywordLanguage | null;
  readonly setup: "auto" | "never";
  /** Number of the generation of the index; 1 by default. */
  readonly generation?: number | undefined;
  /** Whether the alias may point to the collection; true by default. */
  readonly takesAlias?: boolean | undefined;
  /** The settings kept with the records, which name the collection. */
  readonly settings: Settings;
  readonly logger: Logger;
}

/** A collection that exists and has the right schema. */
export interface Collection {
  readonly name: string;
  /** Language of the terms that all of its points have; null where they have none. */
  readonly keywordLanguage: KeywordLanguage | null;
  /** Whether it holds the vectors of all records: not before a replacement of a lost collection is rebuilt. */
  readonly isComplete: boolean;
  /** The `qdrant.collection` that the keyspace records, if it is another: searches by vectors do not find the items that only its collection has. */
  readonly previousName: string | null;
}

/** Metadata written into a collection when it is created. */
interface Mark {
  /** Id of the store. */
  readonly owner: string;
  /** Random id of this collection: a re-created collection of the same name has another id. Not a generation of the index. */
  readonly generation: string;
  /** Language of its terms; absent where it has none. */
  readonly keywords?: KeywordLanguage | undefined;
}

/** The first version with conditional writes (`update_filter`). */
const OLDEST_SERVER = [1, 16] as const;

/**
 * Creates the collection if it does not exist, and checks its schema. Several processes may do so at the same time.
 *
 * The settings record every collection that the store ever had, by number and random id. A collection that does not exist, or
 * has another id, was lost, and the collection with the next number replaces it. Therefore a collection that was
 * re-created under an old name is never mistaken for the one that held the vectors, and a process that still uses the old name
 * gets an error instead of an empty collection.
 *
 * @throws {SchemaError} when the schema is wrong, the collection belongs to another store, or it is missing and `setup` is "never".
 */
export async function prepareCollection(client: QdrantClient, how: CollectionSetup): Promise<Collection> {
  const { identity, setup, settings } = how;
  await checkServer(client);
  const base = baseOf(how);
  const [owner, previousName] = await Promise.all([settings.establish("store-id", randomUUID()), comparedName(how)]);
  const last = await lastOf(settings, base);
  const existing = last === null ? null : await existingMark(client, last.name, identity);
  if (last !== null && existing?.generation === last.generation) {
    // Repeated at each start: an index may have been dropped, or be newer than the collection.
    if (setup === "auto") await createIndexesAndAlias(client, how, last.name, base);
    return { name: last.name, keywordLanguage: await useKeywords(how, last.name, existing.keywords), isComplete: await isComplete(settings, last), previousName };
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
    await create(client, name, { owner, generation: randomUUID(), keywords: how.keywordLanguage ?? undefined }, how);
  }
  const mark = await checkedMark(client, name, identity);
  if (mark.owner !== owner) {
    throw new SchemaError(
      `The Qdrant collection "${name}" belongs to the store of another keyspace: set another name for this store as ` +
        "qdrant.collection.",
    );
  }
  if (setup === "auto") await createIndexesAndAlias(client, how, name, base);
  // At the same time: each waits until its first value is final.
  const [keywordLanguage] = await Promise.all([
    useKeywords(how, name, mark.keywords),
    settings.establish(settingOf(base, number), mark.generation),
  ]);
  return { name, keywordLanguage, isComplete: await isComplete(settings, { name, number }), previousName };
}

/** Setting with the `qdrant.collection` whose collection has the vectors of all items. */
const NAME_SETTING = "collection-name";

/** Records the name at the first start. Returns the recorded one if it is another, whose collection has the vectors of earlier items. */
async function comparedName({ settings, logger, options: { collection: name } }: CollectionSetup): Promise<string | null> {
  const recorded = await settings.establish(NAME_SETTING, name);
  if (recorded === name) return null;
  logger.warn(
    { collection: name, before: recorded },
    `qdrant.collection was "${recorded}" before: searches do not find earlier items by their vectors until "scylladb-store repair" has written these to "${name}"`,
  );
  return recorded;
}

/** Returns the recorded name if it is another than the configured one, without a warning. */
export async function readPreviousName({ settings, options }: Pick<CollectionSetup, "settings" | "options">): Promise<string | null> {
  const recorded = await settings.read(NAME_SETTING);
  return recorded === options.collection ? null : recorded;
}

/** Records that the collection of the configured name has the vectors of all items. */
export async function recordName({ settings, options }: Pick<CollectionSetup, "settings" | "options">): Promise<void> {
  await settings.replace(NAME_SETTING, options.collection);
}

/** Returns the collection that the settings name, without a request to Qdrant; null when there never was one. */
export async function knownCollection(how: CollectionSetup): Promise<Collection | null> {
  const { settings } = how;
  const last = await lastOf(settings, baseOf(how));
  if (last === null) return null;
  const stored = (await readKeywordLanguage({ settings, name: last.name })) ?? undefined;
  return { name: last.name, keywordLanguage: await useKeywords(how, last.name, stored), isComplete: await isComplete(settings, last), previousName: await readPreviousName(how) };
}

/** Returns the language of the terms with which a collection is used. @param stored - the language that it was created with */
function useKeywords(setup: CollectionSetup, name: string, stored: KeywordLanguage | undefined): Promise<KeywordLanguage | null> {
  const { settings, logger, keywordLanguage: configured } = setup;
  return useKeywordLanguage({ name, settings, logger, configured }, stored ?? null);
}

/** Records that a collection holds the vectors of all records. */
export async function markComplete(settings: Settings, name: string): Promise<void> {
  await settings.establish(`complete:${name}`, "complete");
}

/** Returns whether any process has completed the rebuild of a collection. */
export async function isMarkedComplete(settings: Settings, name: string): Promise<boolean> {
  return (await settings.read(`complete:${name}`)) !== null;
}

/** The first collection of a store is always complete, a replacement once it is rebuilt. */
async function isComplete(settings: Settings, { name, number }: Pick<KnownCollection, "name" | "number">): Promise<boolean> {
  return number === 1 || isMarkedComplete(settings, name);
}

/** A collection recorded in the settings. */
interface KnownCollection {
  readonly number: number;
  readonly name: string;
  /** See {@link Mark.generation}. */
  readonly generation: string;
}

function nameOf(base: string, number: number): string {
  return number === 1 ? base : `${base}_${number}`;
}

function settingOf(base: string, number: number): string {
  return `collection:${base}:${number}`;
}

/** Returns the collection with the highest number. */
async function lastOf(settings: Settings, base: string): Promise<KnownCollection | null> {
  let last: KnownCollection | null = null;
  for (let number = 1; ; number += 1) {
    const generation = await settings.read(settingOf(base, number));
    if (generation === null) return last;
    last = { number, name: nameOf(base, number), generation };
  }
}

/** Returns the metadata of a collection; null when there is no collection of that name. */
async function existingMark(client: QdrantClient, name: string, identity: VectorIdentity): Promise<Mark | null> {
  return (await collectionExists(client, name)) ? checkedMark(client, name, identity) : null;
}

async function checkServer(client: QdrantClient): Promise<void> {
  const version = await serverVersion(client);
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_SERVER;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SchemaError(`Qdrant has version ${version}, but conditional writes need ${OLDEST_SERVER.join(".")} or newer: upgrade Qdrant.`);
}

async function create(client: QdrantClient, name: string, mark: Mark, how: CollectionSetup): Promise<void> {
  const { layout } = how.options;
  const { dims, metric } = how.identity;
  try {
    const body: Schema<"CreateCollection"> = {
      vectors: {
        size: dims,
        distance: QDRANT_DISTANCES[metric],
        multivector_config: { comparator: "max_sim" },
        on_disk: layout.onDiskVectors,
      },
      sparse_vectors: mark.keywords === undefined ? undefined : { [KEYWORD_VECTOR]: { modifier: "idf" } },
      // One graph over all points, with additional links within prefixes too small for the graph to have paths through them.
      // Without the graph (m: 0), Qdrant builds a graph for each big prefix and for each frequent term: 60,000 points
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
    // Another process may have created it at the same time.
    if (!(await collectionExists(client, name))) throw error;
  }
}

/** Creates the payload indexes and the alias; repeating this has no effect. */
async function createIndexesAndAlias(client: QdrantClient, { options: { collection: alias }, takesAlias = true, generation = 1 }: CollectionSetup, name: string, base: string): Promise<void> {
  await createPayloadIndex(client, name, "prefixes", { type: "keyword", is_tenant: true });
  await createPayloadIndex(client, name, "terms", "keyword");
  // Every filter tests it: without an index, Qdrant reads the payload of each point that does not match a term.
  await createPayloadIndex(client, name, "partial", "bool");
  // Queried by range only, never by value.
  await createPayloadIndex(client, name, "expires_at", { type: "integer", lookup: false, range: true });
  if (!takesAlias) return;
  const target = await aliasTarget(client, alias);
  // An alias of a collection of another model stays: the operator who changed the model decides about it.
  if (generation === 1 && target !== null && !target.startsWith(base)) return;
  await takeAlias(client, alias, name, target);
}

/** Points the alias of a store to a collection. */
export async function takeAlias(client: QdrantClient, alias: string, name: string, target?: string | null): Promise<void> {
  const current = target === undefined ? await aliasTarget(client, alias) : target;
  if (current !== name) await switchAlias(client, alias, name, current !== null);
}

async function aliasTarget(client: QdrantClient, alias: string): Promise<string | null> {
  return (await readAliases(client)).find(({ alias_name: taken }) => taken === alias)?.collection_name ?? null;
}

/** Deletes all collections of a generation. Returns the names of the deleted ones. */
export async function dropCollections(client: QdrantClient, how: Pick<CollectionSetup, "options" | "settings">, identity: VectorIdentity, generation: number): Promise<string[]> {
  const base = collectionName(how.options.collection, identity, generation);
  const last = await lastOf(how.settings, base);
  const names = Array.from({ length: (last?.number ?? 0) + 1 }, (_, i) => nameOf(base, i + 1));
  const dropped: string[] = [];
  for (const name of names) {
    if (!(await collectionExists(client, name))) continue;
    await deleteCollection(client, name);
    dropped.push(name);
  }
  return dropped;
}

function baseOf({ options, identity, generation }: CollectionSetup): string {
  return collectionName(options.collection, identity, generation);
}

/** Checks that a collection was created by this package with these dimensions and this metric, and returns its metadata. */
async function checkedMark(client: QdrantClient, name: string, { dims, metric }: VectorIdentity): Promise<Mark> {
  const { config } = await readCollection(client, name);
  const { vectors } = config.params;
  const fits =
    vectors?.size === dims && vectors.distance === QDRANT_DISTANCES[metric] && typeof vectors.multivector_config === "object";
  const { owner, generation, keywords } = (config.metadata ?? {}) as Partial<Record<keyof Mark, unknown>>;
  const hasKeywordVector = isKeywordLanguage(keywords) && config.params.sparse_vectors?.[KEYWORD_VECTOR] !== undefined;
  if (fits && typeof owner === "string" && typeof generation === "string") {
    return { owner, generation, keywords: hasKeywordVector ? keywords : undefined };
  }
  throw new SchemaError(
    `The Qdrant collection "${name}" was not created by this store for vectors with ${dims} dimensions and the metric "${metric}". ` +
      "If nothing else uses it, drop it, then run scylladb-store migrate up: a new one is created, and rebuilt from the records. " +
      "A store without data can also have another name as qdrant.collection.",
  );
}
