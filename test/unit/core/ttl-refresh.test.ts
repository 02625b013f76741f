import { expect, test } from "vitest";
import { TtlRefresh } from "../../../src/core/ttl-refresh.ts";
import { TtlRules } from "../../../src/core/ttl-rules.ts";
import type { ItemId, LiveRecord } from "../../../src/model/item.ts";
import type { ItemRepository } from "../../../src/ports/item-repository.ts";
import { silentLogger } from "../../../src/ports/logger.ts";

/** A record that ends at `expiresAt` and of whose time enough has gone to be renewed. */
function recordThatEnds(expiresAt: number): LiveRecord {
  const written = expiresAt - 60_000;
  const value = { typed: false, bytes: Buffer.from("{}") };
  const version = written * 1000;
  const id = { namespace: "a", key: "k" };
  return { ...id, created: version, version, writeId: "w", index: undefined, vectors: 1, expiresAt, ttlMs: 60_000, value };
}

test("an item whose end came before its renewal was written is told: a sweep may have taken its vectors", async () => {
  const told: ItemId[][] = [];
  const rules = new TtlRules({ refreshOnRead: true, rules: [] });
  let isSlow = false;
  const put: ItemRepository["put"] = async (records) => {
    const end = Date.now() + 60;
    while (isSlow && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
    return records.map(() => ({ status: "fulfilled", value: undefined }));
  };
  const refresh = new TtlRefresh({ put } as ItemRepository, rules, silentLogger, (ids) => told.push([...ids]));
  await refresh.refresh([{ record: recordThatEnds(Date.now() + 20_000), asked: null }]);
  expect(told).toEqual([]);
  isSlow = true;
  await refresh.refresh([{ record: recordThatEnds(Date.now() + 30), asked: null }]);
  expect(told).toEqual([[{ namespace: "a", key: "k" }]]);
});
