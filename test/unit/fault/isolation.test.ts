/** Handwritten histories with hostile users: a valid one passes, and each effect on others is detected. */
import { expect, test } from "vitest";
import { ATTACKS, type AttackName } from "../../fault/history/attacks.ts";
import { historyOf } from "../../fault/history/history.ts";
import { HOSTILE_FACT, type HostileFact } from "../../fault/history/hostile.ts";
import { checkIsolation } from "../../fault/history/isolation.ts";
import type { LogLine } from "../../fault/history/log.ts";

const QUIET: HostileFact = {
  attacks: Object.fromEntries(Object.keys(ATTACKS).map((name) => [name, 2])) as Record<AttackName, number>,
  rateLimited: 1,
  unexpected: [],
  refusedReloads: 3,
  heardReloads: 3,
  events: { "config-refused": 3 },
  openCircuits: [],
};

function rulesOf(...lines: LogLine[]): string[] {
  const process = { name: "p0", lines, endedAt: 10, end: "stopped" as const, pauses: [], stderr: "" };
  return checkIsolation(historyOf([process], [])).map(({ rule }) => rule);
}

function rulesWith(fact: Partial<HostileFact>): string[] {
  return rulesOf({ fact: HOSTILE_FACT, value: { ...QUIET, ...fact } });
}

test("a history in which hostile users got the required outcomes passes", () => {
  expect(rulesWith({})).toEqual([]);
});

test.each<[string, Partial<HostileFact>]>([
  ["hostile call", { unexpected: ["a put of a wrong type was stored"] }],
  ["degradation", { events: { "search-degraded": 1 } }],
  ["degradation", { events: { "breaker-opened": 1 } }],
  ["open circuit", { openCircuits: ["embeddings"] }],
  ["unheard", { heardReloads: 2 }],
  ["not hostile", { rateLimited: 0 }],
  ["not hostile", { attacks: { ...QUIET.attacks, "forged cursors": 0 } }],
])("%s: %j", (rule, fact) => {
  expect(rulesWith(fact)).toEqual([rule]);
});

test("a degraded search of another user fails, and a history without hostile users fails", () => {
  const operation = { kind: "search", prefix: ["t"], query: "tea", limit: 10 } as const;
  const answer = { rows: [], mode: "keyword", degraded: true, reason: "embedding-failed", truncated: false };
  const call: LogLine[] = [
    { s: 0, client: 0, operations: [operation], at: 1, wall: 1 },
    { e: 0, outcomes: [{ ok: true, answer }], at: 2, wall: 2 },
  ];
  expect(rulesOf(...call)).toEqual(["degraded", "not hostile"]);
});
