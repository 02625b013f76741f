/** The requests that set a collection up. */
import type { QdrantClient } from "./client.ts";
import type { Schema } from "./schema.ts";

/** What is read of a collection. */
export interface CollectionInfo {
  readonly config: {
    readonly params: { readonly vectors?: VectorParams };
    readonly metadata?: Readonly<Record<string, unknown>> | null;
  };
}

/** How a collection keeps its vectors; one with several by name has other fields. */
interface VectorParams {
  readonly size?: unknown;
  readonly distance?: unknown;
  readonly multivector_config?: unknown;
}

/** An alias and where it leads. */
export interface Alias {
  readonly alias_name: string;
  readonly collection_name: string;
}

/** Version of the server, as in "1.16.3". */
export async function serverVersion(client: QdrantClient): Promise<string> {
  const { version } = (await client.read("/", "tell its version")) as { readonly version: string };
  return version;
}

/** Whether a collection, or an alias, of that name is there. */
export async function collectionExists(client: QdrantClient, name: string): Promise<boolean> {
  const answer = await client.request("GET", `${pathOf(name)}/exists`, undefined, "look for the collection");
  return (answer as { readonly exists: boolean }).exists;
}

/** What a collection is like. */
export async function readCollection(client: QdrantClient, name: string): Promise<CollectionInfo> {
  return (await client.request("GET", pathOf(name), undefined, "read the collection")) as CollectionInfo;
}

/** Makes an index over a field of the payload; one that is there stays. */
export async function createPayloadIndex(client: QdrantClient, name: string, field: string, schema: Schema<"PayloadFieldSchema">): Promise<void> {
  const body = { field_name: field, field_schema: schema };
  await client.request<"createPayloadIndex">("PUT", `${pathOf(name)}/index?wait=true`, body, `make the index over "${field}"`);
}

/** All aliases of the server. */
export async function readAliases(client: QdrantClient): Promise<readonly Alias[]> {
  const answer = await client.request("GET", "/aliases", undefined, "read the aliases");
  return (answer as { readonly aliases: readonly Alias[] }).aliases;
}

/** Leads an alias to a collection, from wherever it led before, in one step. */
export async function leadAlias(client: QdrantClient, alias: string, name: string, isTaken: boolean): Promise<void> {
  const actions = [
    ...(isTaken ? [{ delete_alias: { alias_name: alias } }] : []),
    { create_alias: { collection_name: name, alias_name: alias } },
  ];
  await client.request<"changeAliases">("POST", "/collections/aliases", { actions }, `lead the alias "${alias}" to it`);
}

function pathOf(name: string): string {
  return `/collections/${encodeURIComponent(name)}`;
}
