/** Searches of a local file one after another: items that one has read are current in the next. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { LocalDatabase } from "../../src/backends/sqlite/local-database.ts";
import type { PutWrite, RankRequest } from "../../src/backends/sqlite/requests.ts";
import { encodeTerms } from "../../src/backends/sqlite/term-lists.ts";
import type { ItemRecord } from "../../src/model/item.ts";
import { encodeRecord } from "../../src/model/record-codec.ts";
import { recordOf } from "../../src/testing/records.ts";

const NOW = 1_000_000;

let path: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "sqlite-live-items-"));
  path = join(folder, "store.db");
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

function openDatabase(): LocalDatabase {
  const database = new LocalDatabase();
  database.answer("open", { path, durable: false, vectorCacheBytes: 1_000_000 });
  onTestFinished(() => void database.answer("close", null));
  return database;
}

function putWrite(record: ItemRecord): PutWrite {
  const { namespace, key, created, version, writeId, value, expiresAt } = record;
  const cell = new Uint8Array(encodeRecord(record));
  return { kind: "put", namespace, key, created, version, writeId, hasValue: value !== null, expiresAt, unscored: false, cell };
}

/** Writes an item with a vector and a term. */
function write(database: LocalDatabase, record: ItemRecord): void {
  const { namespace, key, version, writeId } = record;
  const point = { generation: 1, namespace, key, version, writeId, dims: 2, vectors: new Uint8Array(new Float32Array([1, 0]).buffer), terms: encodeTerms([7], [1]) };
  database.answer("write", [putWrite(record), { kind: "upsert", ...point }]);
}

/** Hits of both rankings, which are equal here: keys with their writes. */
function search(database: LocalDatabase, now = NOW): string[] {
  const request: RankRequest = { index: { generation: 1, dims: 2, metric: "cosine" }, vector: new Float32Array([1, 0]), terms: [7], prefix: "a", filter: null, limit: 10, now };
  const { semantic, keyword } = database.answer("rank", request);
  expect(keyword.map(({ key, writeId }) => key + writeId)).toEqual(semantic.map(({ key, writeId }) => key + writeId));
  return semantic.map(({ key, writeId }) => `${key} ${writeId}`).sort();
}

test("a write of any connection is in the next search", () => {
  const [one, other] = [openDatabase(), openDatabase()];
  for (const writer of [one, other]) {
    const [kept, changed] = [recordOf("a", "kept"), recordOf("a", "changed")];
    write(writer, kept);
    write(writer, changed);
    for (const database of [one, other]) expect(search(database)).toEqual([`changed ${changed.writeId}`, `kept ${kept.writeId}`]);
    const next = recordOf("a", "changed", { version: changed.version + 1 });
    write(writer, next);
    for (const database of [one, other]) expect(search(database)).toEqual([`changed ${next.writeId}`, `kept ${kept.writeId}`]);
    // The marker of a deleted item; its point is deleted later.
    writer.answer("write", [putWrite(recordOf("a", "changed", { version: changed.version + 2, value: null }))]);
    for (const database of [one, other]) expect(search(database)).toEqual([`kept ${kept.writeId}`]);
    const again = recordOf("a", "changed", { version: changed.version + 3 });
    write(writer, again);
    for (const database of [one, other]) expect(search(database)).toEqual([`changed ${again.writeId}`, `kept ${kept.writeId}`]);
    for (const [key, version] of [["changed", again.version], ["kept", kept.version]] as const) {
      writer.answer("write", [putWrite(recordOf("a", key, { version: version + 10, value: null }))]);
    }
  }
});

test("an item that expires between two searches is in the first alone", () => {
  const database = openDatabase();
  const record = recordOf("a", "short", { expiresAt: NOW + 10 });
  write(database, record);
  expect(search(database, NOW)).toEqual([`short ${record.writeId}`]);
  expect(search(database, NOW + 10)).toEqual([]);
});
