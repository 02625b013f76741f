/** The collection of a store: made, checked and named. */
import { createHash } from "node:crypto";
import type { QdrantClient as AdminClient } from "@qdrant/js-client-rest";
import { isStoreError, SchemaError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";
import { translate } from "./errors.ts";
import type { CollectionLayout, QdrantOptions, VectorIdentity } from "./options.ts";

/** Name of the collection itself: vectors of another model never meet in one. */
export function collectionName(alias: string, identity: VectorIdentity): string {
  const fingerprint = createHash("sha256").update(JSON.stringify([identity.model, identity.dims, "Cosine"])).digest("hex");
  return `${alias}_${fingerprint.slice(0, 12)}`;
}

/**
 * Makes sure that the collection is there and fits. Several processes may do so at once.
 *
 * @throws {SchemaError} when it does not fit, or is missing although set-up is not allowed.
 */
export async function prepareCollection(
  admin: AdminClient,
  options: QdrantOptions,
  identity: VectorIdentity,
  setup: "auto" | "never",
  logger: Logger,
): Promise<string> {
  const name = collectionName(options.collection, identity);
  if (!(await exists(admin, name))) {
    if (setup === "never") {
      throw new SchemaError(
        `The Qdrant collection "${name}" does not exist, and setup is "never": start a process with setup "auto" once, ` +
          "with the same index configuration and an API key that may create collections.",
      );
    }
    await create(admin, name, identity.dims, options.layout, logger);
  }
  await check(admin, name, identity.dims);
  if (setup === "auto") await finish(admin, name, options.collection);
  return name;
}

async function exists(admin: AdminClient, name: string): Promise<boolean> {
  const answer = await attempt("look for the collection", () => admin.collectionExists(name));
  return answer.exists;
}

async function create(
  admin: AdminClient,
  name: string,
  dims: number,
  layout: CollectionLayout,
  logger: Logger,
): Promise<void> {
  try {
    await attempt("create the collection", () =>
      admin.createCollection(name, {
        vectors: {
          size: dims,
          distance: "Cosine",
          multivector_config: { comparator: "max_sim" },
          ...(layout.onDiskVectors === undefined ? {} : { on_disk: layout.onDiskVectors }),
        },
        // No graph over everything: each namespace prefix, the root included, has one of its own.
        hnsw_config: { m: 0, payload_m: layout.payloadM, ef_construct: layout.efConstruct },
        ...(layout.shardNumber === undefined ? {} : { shard_number: layout.shardNumber }),
        ...(layout.replicationFactor === undefined ? {} : { replication_factor: layout.replicationFactor }),
        ...(layout.writeConsistencyFactor === undefined
          ? {}
          : { write_consistency_factor: layout.writeConsistencyFactor }),
        ...(layout.onDiskPayload === undefined ? {} : { on_disk_payload: layout.onDiskPayload }),
        ...(layout.quantization === undefined ? {} : { quantization_config: layout.quantization }),
      }),
    );
    logger.info({ collection: name, dims }, "created the Qdrant collection");
  } catch (error) {
    // Another process that starts at the same time may have been first.
    if (!(await exists(admin, name))) throw error;
  }
}

/** Payload indexes and alias; each is made again without harm. */
async function finish(admin: AdminClient, name: string, alias: string): Promise<void> {
  await attempt("index the namespaces", () =>
    admin.createPayloadIndex(name, { field_name: "prefixes", field_schema: { type: "keyword", is_tenant: true }, wait: true }),
  );
  await attempt("index the filter terms", () =>
    admin.createPayloadIndex(name, { field_name: "terms", field_schema: "keyword", wait: true }),
  );
  const { aliases } = await attempt("read the aliases", () => admin.getAliases());
  if (aliases.some(({ alias_name: taken }) => taken === alias)) return;
  await attempt(`create the alias "${alias}"`, () =>
    admin.updateCollectionAliases({ actions: [{ create_alias: { collection_name: name, alias_name: alias } }] }),
  );
}

async function check(admin: AdminClient, name: string, dims: number): Promise<void> {
  const { config } = await attempt("read the collection", () => admin.getCollection(name));
  const { vectors } = config.params;
  const fits =
    vectors !== undefined &&
    "size" in vectors &&
    vectors.size === dims &&
    vectors.distance === "Cosine" &&
    typeof vectors.multivector_config === "object";
  if (fits) return;
  throw new SchemaError(
    `The Qdrant collection "${name}" was not made by this store for vectors of ${dims} numbers: drop it if nothing ` +
      "else uses it, or give another name as qdrant.collection.",
  );
}

async function attempt<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isStoreError(error) ? error : translate(error, action);
  }
}
