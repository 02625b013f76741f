/** The requests that create and inspect collections, payload indexes and aliases. */
import type { QdrantClient } from "./client.ts";
import type { Schema } from "./schema.ts";

/** The part of a collection's description that is checked. */
export interface CollectionInfo {
  readonly config: {
    readonly params: { readonly vectors?: VectorParams; readonly sparse_vectors?: Readonly<Record<string, unknown>> | null };
    readonly metadata?: Readonly<Record<string, unknown>> | null;
  };
}

/** Vector parameters of a collection; one with named vectors has other fields. */
interface VectorParams {
  readonly size?: unknown;
  readonly distance?: unknown;
  readonly multivector_config?: unknown;
}

/** An alias and the collection it points to. */
export interface Alias {
  readonly alias_name: string;
  readonly collection_name: string;
}

/** Returns the version of the server, such as "1.16.3". */
export async function serverVersion(client: QdrantClient): Promise<string> {
  const { version } = (await client.read("/", "return its version")) as { readonly version: string };
  return version;
}

/** Returns whether a collection or an alias of that name exists. */
export async function collectionExists(client: QdrantClient, name: string): Promise<boolean> {
  const answer = await client.request("GET", `${pathOf(name)}/exists`, undefined, "check whether the collection exists");
  return (answer as { readonly exists: boolean }).exists;
}

/** Returns the description of a collection. */
export async function readCollection(client: QdrantClient, name: string): Promise<CollectionInfo> {
  return (await client.request("GET", pathOf(name), undefined, "read the collection")) as CollectionInfo;
}

/** Deletes a collection with its points. */
export async function deleteCollection(client: QdrantClient, name: string): Promise<void> {
  await client.request("DELETE", pathOf(name), undefined, "delete the collection");
}

/** Creates an index on a payload field, if it does not exist. */
export async function createPayloadIndex(client: QdrantClient, name: string, field: string, schema: Schema<"PayloadFieldSchema">): Promise<void> {
  const body = { field_name: field, field_schema: schema };
  await client.request<"createPayloadIndex">("PUT", `${pathOf(name)}/index?wait=true`, body, `create the index on "${field}"`);
}

/** Returns all aliases of the server. */
export async function readAliases(client: QdrantClient): Promise<readonly Alias[]> {
  const answer = await client.request("GET", "/aliases", undefined, "read the aliases");
  return (answer as { readonly aliases: readonly Alias[] }).aliases;
}

/** Points an alias to a collection, atomically replacing its previous target. */
export async function switchAlias(client: QdrantClient, alias: string, name: string, isTaken: boolean): Promise<void> {
  const actions = [
    ...(isTaken ? [{ delete_alias: { alias_name: alias } }] : []),
    { create_alias: { collection_name: name, alias_name: alias } },
  ];
  await client.request<"changeAliases">("POST", "/collections/aliases", { actions }, `point the alias "${alias}" to it`);
}

function pathOf(name: string): string {
  return `/collections/${encodeURIComponent(name)}`;
}
