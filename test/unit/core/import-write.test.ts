/** What an imported item replaces, and what replaces it. */
import { expect, test } from "vitest";
import { importTimes, importVersion, keepsStored } from "../../../src/core/import-write.ts";
import type { ItemRecord } from "../../../src/model/item.ts";
import type { PutOrigin } from "../../../src/model/request.ts";

const NOW = 2_000_000;
const AS_OF = NOW * 1_000;
const origin: PutOrigin = { created: 1_000, updated: 5_000, expiry: null, asOf: AS_OF, keepsNewer: true, vectors: null };

function stored(fields: Partial<ItemRecord>): ItemRecord {
  const value = { typed: false, bytes: new Uint8Array([123, 125]) };
  return { namespace: "a", key: "k", created: 10, version: 10, writeId: "w", index: undefined, vectorCount: 0, expiresAt: null, ttlMs: null, value, ...fields };
}

test("an imported item has a lower version than every write that begins after the import read the records", () => {
  expect(importVersion(origin, null)).toBe(AS_OF);
  expect(importVersion(origin, stored({ version: 10 }))).toBe(AS_OF);
  // A write by a fast clock that was read is replaced, and no later one.
  expect(importVersion(origin, stored({ version: AS_OF + 7 }))).toBe(AS_OF + 8);
});

test("a stored item that was updated later stays, by the time that an earlier import kept too; a deleted or expired one does not", () => {
  expect(keepsStored(origin, stored({ version: 5_000 }), NOW)).toBe(true);
  expect(keepsStored(origin, stored({ version: 4_999 }), NOW)).toBe(false);
  expect(keepsStored(origin, stored({ version: AS_OF, updated: 4_999 }), NOW)).toBe(false);
  expect(keepsStored(origin, stored({ version: 9_000, value: null }), NOW)).toBe(false);
  expect(keepsStored(origin, stored({ version: 9_000, expiresAt: NOW }), NOW)).toBe(false);
  expect(keepsStored({ ...origin, keepsNewer: false }, stored({ version: 9_000 }), NOW)).toBe(false);
});

test("an imported item keeps the times of its source, except the creation of a live item that it replaces, and never lies in the future", () => {
  expect(importTimes(origin, null, AS_OF, NOW)).toEqual({ created: 1_000, updated: 5_000 });
  expect(importTimes(origin, stored({ created: 77 }), AS_OF, NOW)).toEqual({ created: 77, updated: 5_000 });
  expect(importTimes({ ...origin, created: AS_OF * 2, updated: AS_OF * 2 }, null, AS_OF, NOW)).toEqual({ created: AS_OF, updated: AS_OF });
  expect(importTimes({ ...origin, created: null, updated: null }, null, AS_OF, NOW)).toEqual({ created: AS_OF });
});
