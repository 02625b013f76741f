/** Reads directly from the databases which items have vectors. */
import { DatabaseSync } from "node:sqlite";
import { fromPlace } from "../../../src/model/namespace-place.ts";
import type { StoreOptions } from "./config.ts";

/** Identity of an item: its labels and its key. */
export type Place = readonly [...labels: string[], key: string];

interface QdrantAnswer<T> {
  readonly result: T;
}

interface ScrollPage {
  readonly points: readonly { readonly payload: { readonly ns: string; readonly key: string } }[];
  readonly next_page_offset: string | number | null;
}

/** Number of reads of all points until they are stable, after sweeps and writes have ended. */
const MOST_ATTEMPTS = 10;

/** Returns the identities of all points, including duplicates. */
export async function indexedPlaces({ kind, options }: StoreOptions): Promise<Place[]> {
  if (kind === "embedded") return placesInFile(options.path ?? "");
  const { qdrant, cql } = options;
  if (qdrant === undefined) return [];
  return placesInQdrant(qdrant.url, qdrant.collection ?? cql.keyspace);
}

async function placesInQdrant(url: string, alias: string): Promise<Place[]> {
  const { collections } = await ask<{ collections: { name: string }[] }>(url, "/collections");
  const own = collections.filter((each) => each.name.startsWith(`${alias}_`));
  return (await Promise.all(own.map(({ name }) => placesInCollection(url, name)))).flat();
}

/** Returns all points of a collection; repeats the read if a sweep deleted some meanwhile. */
async function placesInCollection(url: string, name: string): Promise<Place[]> {
  for (let attempt = 1; ; attempt += 1) {
    const places = await scroll(url, name);
    const { count } = await ask<{ count: number }>(url, `/collections/${name}/points/count`, { exact: true });
    if (count === places.length) return places;
    if (attempt === MOST_ATTEMPTS) throw new Error(`Qdrant counts ${count} points in ${name}, but gave ${places.length}.`);
  }
}

async function scroll(url: string, name: string): Promise<Place[]> {
  const places: Place[] = [];
  for (let offset: ScrollPage["next_page_offset"] | undefined; offset !== null;) {
    const page: ScrollPage = await ask(url, `/collections/${name}/points/scroll`, {
      limit: 1_000,
      with_payload: ["ns", "key"],
      with_vector: false,
      ...(offset === undefined ? {} : { offset }),
    });
    places.push(...page.points.map(({ payload }): Place => [...payload.ns.split("."), payload.key]));
    offset = page.next_page_offset;
  }
  return places;
}

async function ask<T>(url: string, path: string, body?: object): Promise<T> {
  const response = await fetch(url + path, {
    signal: AbortSignal.timeout(20_000),
    ...(body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`Qdrant answered ${response.status} to ${path}: ${await response.text()}`);
  return ((await response.json()) as QdrantAnswer<T>).result;
}

function placesInFile(path: string): Place[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database
      .prepare("SELECT n.place AS place, p.key AS key FROM points p JOIN namespaces n ON n.id = p.namespace_id")
      .all() as unknown as { place: Uint8Array | string; key: Uint8Array | string }[];
    return rows.map((row): Place => [...fromPlace(text(row.place)).split("."), text(row.key)]);
  } finally {
    database.close();
  }
}

function text(value: Uint8Array | string): string {
  return typeof value === "string" ? value : Buffer.from(value).toString();
}
