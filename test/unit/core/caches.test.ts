/** Caches whose keys come from callers use bounded memory for keys of any length. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { WindowPlans } from "../../../src/backends/cql/window-plan.ts";
import { MatchRates } from "../../../src/core/match-rates.ts";
import { OwnItems } from "../../../src/core/own-items.ts";
import type { Page } from "../../../src/core/page.ts";
import { PagePositions } from "../../../src/core/page-positions.ts";
import { parseFilter } from "../../../src/model/filter.ts";
import { shortName } from "../../../src/model/short-name.ts";
import { silentLogger } from "../../../src/ports/logger.ts";
import { RateLimiter } from "../../../src/resilience/rate-limit.ts";
import { StaleItems } from "../../../src/sync/stale-items.ts";
import { Tenants } from "../../../src/telemetry/tenants.ts";

const NAMES = 1_000;
const NAME_BYTES = 32 * 1024;
/** The largest bound of a cache is 8 MiB of names, plus overhead. Without a bound, all names take 32 MiB. */
const MOST_BYTES = 12 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Returns a string that shares no memory with another. */
function longName(n: number): string {
  return Buffer.from(`${n}`.padEnd(NAME_BYTES, "x")).toString("latin1");
}

const filter = parseFilter({ a: 1 });
const page = { records: [], next: null };
const pageTo = (namespace: string): Page => ({
  found: [], faults: [], matched: 1, seen: 1, skippedExpire: Infinity, matchesExpire: Infinity, more: true, truncated: false,
  before: null, last: { namespace, created: 1, key: namespace },
});
const meters = { algorithm: "token-bucket", mode: "reject", scope: { all: { operations: 1_000, periodMs: 1_000 } }, maxScopes: 10_000, maxWaitMs: 1, maxQueued: 1 } as const;

const caches: readonly (readonly [name: string, create: () => (name: string) => unknown])[] = [
  ["OwnItems", () => { const cache = new OwnItems(); return (name) => { cache.record(name, page, true); return cache; }; }],
  ["MatchRates", () => { const cache = new MatchRates(); return (name) => { cache.record(name, filter, { matched: 1, seen: 2 }); return cache; }; }],
  ["PagePositions", () => { const cache = new PagePositions(); return (name) => { cache.below(name).record("l", pageTo(name), 1, null, 0); return cache; }; }],
  ["WindowPlans", () => { const cache = new WindowPlans(); return (name) => { cache.of(name, 0, "oldest").record(1, 2, 3); return cache; }; }],
  ["RateLimiter", () => { const cache = new RateLimiter(meters); return (name) => { void cache.acquire(name, new Map([["get", 1]])); return cache; }; }],
  ["StaleItems", () => { const cache = new StaleItems(); return (name) => { cache.add([{ namespace: name, key: "k" }]); return cache; }; }],
  ["Tenants", () => { const cache = new Tenants(silentLogger); return (name) => { cache.labelOf("a", { tenantOf: () => name, maxTenants: 10_000 }); return cache; }; }],
];

test.each(caches)("%s", (_, create) => {
  const add = create();
  const before = heapUsed();
  let cache: unknown;
  for (let n = 0; n < NAMES; n += 1) cache = add(longName(n));
  expect(heapUsed() - before).toBeLessThan(MOST_BYTES);
  expect(cache).toBeDefined();
});

test("short names are their own cache keys, and no two names share one", () => {
  expect(shortName("users.ada")).toBe("users.ada");
  const names = ["a".repeat(64), "a".repeat(65), "a".repeat(66), shortName("a".repeat(65))];
  expect(new Set(names.map(shortName)).size).toBe(4);
});
