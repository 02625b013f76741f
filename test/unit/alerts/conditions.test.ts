import { describe, expect, test } from "vitest";
import { alerts } from "../../../src/config/options/alerts.ts";
import { ALERT_CONDITIONS, type AlertCondition, type AlertNotice } from "../../../src/ports/alerts.ts";
import { AlertBook } from "../../../src/telemetry/alerts/alert-book.ts";
import { conditionsOf, longestWindow } from "../../../src/telemetry/alerts/conditions.ts";
import { History } from "../../../src/telemetry/alerts/history.ts";
import type { AlertSnapshot } from "../../../src/telemetry/alerts/snapshot.ts";
import { snapshot } from "./snapshots.ts";

const MINUTE = 60_000;

/** A book that the test evaluates at chosen times, by default with default conditions. */
function book(given: Readonly<Record<string, unknown>> = {}, store = "agents@1") {
  const options = alerts.parse({ callback: () => undefined, source: "host-1", ...given });
  const conditions = conditionsOf(options.conditions);
  const history = new History(longestWindow(options.conditions));
  const kept = new AlertBook({ ...options, source: "host-1", store });
  return {
    kept,
    look: (atMs: number, seen: AlertSnapshot): AlertNotice[] => {
      history.add(seen, atMs);
      return kept.evaluate(conditions, history, new Date(Date.UTC(2026, 0, 1) + atMs), atMs);
    },
  };
}

function summarized(notices: readonly AlertNotice[]): string[] {
  return notices.map(({ status, isRepeat, condition, subject }) =>
    [isRepeat ? "repeated" : status, condition, ...(subject === null ? [] : [subject])].join(" "),
  );
}

const WELL = snapshot({ counts: { operations: 1_000, cacheHits: 9_000 } });

/** For each condition: a snapshot in which it holds, again some time later, and one just below the threshold. */
const cases: readonly {
  readonly name: AlertCondition;
  readonly wrong: AlertSnapshot;
  readonly nearly: AlertSnapshot;
  readonly holdsForMs?: number;
  readonly subject?: string;
  readonly says: string;
}[] = [
  {
    name: "breaker-open",
    wrong: snapshot({ breakers: { vectors: "open" } }),
    nearly: snapshot({ breakers: { vectors: "closed" } }),
    subject: "vectors",
    says: "Qdrant",
  },
  {
    name: "pool-exhausted",
    wrong: snapshot({ pool: { inFlight: 95, capacity: 100 } }),
    nearly: snapshot({ pool: { inFlight: 90, capacity: 100 } }),
    holdsForMs: 10_000,
    says: "95 %",
  },
  {
    name: "node-unreachable",
    wrong: snapshot({ nodes: [{ name: "10.0.0.2:9042", isUp: false }, { name: "10.0.0.1:9042", isUp: true }] }),
    nearly: snapshot(),
    holdsForMs: 30_000,
    subject: "10.0.0.2:9042",
    says: "10.0.0.2:9042",
  },
  {
    name: "error-rate",
    wrong: snapshot({ counts: { operations: 2_000, failed: 11 } }),
    nearly: snapshot({ counts: { operations: 2_000, failed: 10 } }),
    says: "1.1 %",
  },
  {
    name: "vector-sync-failing",
    wrong: snapshot({ counts: { vectorSyncFailures: 1 } }),
    nearly: snapshot(),
    says: "1 items",
  },
  {
    name: "latency-p99",
    wrong: snapshot({ p99Ms: { get: 3, search: 1_200 } }),
    nearly: snapshot({ p99Ms: { get: 3, search: 1_000 } }),
    holdsForMs: MINUTE,
    subject: "search",
    says: "1200 ms",
  },
  {
    name: "slow-operations",
    wrong: snapshot({ counts: { operations: 2_000, slow: 51 } }),
    nearly: snapshot({ counts: { operations: 2_000, slow: 50 } }),
    says: "5.1 %",
  },
  {
    name: "embedding-cache",
    wrong: snapshot({ counts: { cacheHits: 9_480, cacheMisses: 520 } }),
    nearly: snapshot({ counts: { cacheHits: 9_500, cacheMisses: 500 } }),
    says: "48 %",
  },
  {
    name: "backlog-behind",
    wrong: snapshot({ backlog: { intents: 70, deadLettered: 0, overdueMs: 2 * MINUTE + 1 } }),
    nearly: snapshot({ backlog: { intents: 70, deadLettered: 0, overdueMs: 2 * MINUTE } }),
    says: "70 intents are recorded",
  },
  {
    name: "dead-intents",
    wrong: snapshot({ backlog: { intents: 70, deadLettered: 1, overdueMs: 0 } }),
    nearly: snapshot(),
    says: "1 intents are dead-lettered",
  },
  { name: "vectors-lost", wrong: snapshot({ hasAllVectors: false }), nearly: snapshot(), says: "lost" },
  {
    name: "search-degraded",
    wrong: snapshot({ isSearchDegraded: true }),
    nearly: snapshot(),
    holdsForMs: MINUTE,
    says: "keywords",
  },
  {
    name: "secret-refresh-failing",
    wrong: snapshot({ counts: { secretFailures: { "vault://kv/agents": 1 } } }),
    nearly: snapshot({ counts: { secretFailures: { "vault://kv/agents": 0 } } }),
    subject: "vault://kv/agents",
    says: "vault://kv/agents",
  },
  { name: "audit-failing", wrong: snapshot({ isAuditFailing: true }), nearly: snapshot(), says: "audit" },
];

/** Counts of operations and lookups continue from those of the first evaluation. */
function after(first: AlertSnapshot, seen: AlertSnapshot): AlertSnapshot {
  const { operations, cacheHits } = first.counts;
  const { counts } = seen;
  return { ...seen, counts: { ...counts, operations: Math.max(operations, counts.operations), cacheHits: Math.max(cacheHits, counts.cacheHits) } };
}

describe("each condition", () => {
  test("has a case in this file", () => {
    expect(cases.map(({ name }) => name).sort()).toEqual([...ALERT_CONDITIONS].sort());
  });

  test.each(cases)("$name fires when it lasts and resolves when it is over", ({ name, wrong, holdsForMs = 0, subject = null, says }) => {
    const { look } = book();
    expect(look(0, WELL)).toEqual([]);
    const seen = after(WELL, wrong);
    const first = look(1_000, seen);
    if (holdsForMs > 0) {
      expect(first).toEqual([]);
      expect(look(holdsForMs, seen)).toEqual([]);
    }
    const fired = holdsForMs > 0 ? look(holdsForMs + 1_000, seen) : first;
    expect(fired).toHaveLength(1);
    expect(fired[0]).toMatchObject({ status: "firing", condition: name, subject, source: "host-1", startedAt: "2026-01-01T00:00:01.000Z" });
    expect(fired[0]?.summary).toContain(says);
    expect(fired[0]?.runbook).toBe(`docs/operations.md#${name}`);
    // Healthy again with constant counts: after an hour the events have left every window.
    const well = { ...seen, ...snapshot(), counts: seen.counts };
    expect(summarized([30, 60, 62].flatMap((minute) => look(minute * MINUTE, well)))).toContain(`resolved ${name}${subject === null ? "" : ` ${subject}`}`);
  });

  test.each(cases)("$name does not fire just below its threshold", ({ nearly }) => {
    const { look } = book();
    look(0, WELL);
    expect([1_000, MINUTE, 2 * MINUTE].flatMap((at) => look(at, after(WELL, nearly)))).toEqual([]);
  });
});

describe("an alert", () => {
  const open = snapshot({ breakers: { vectors: "open" } });

  test("is emitted once, and again only after the interval", () => {
    const { look } = book({ repeatAfterMs: 10 * MINUTE });
    const looks = Array.from({ length: 21 }, (_, minute) => summarized(look(minute * MINUTE, open)).join());
    expect(looks.filter((each) => each !== "")).toEqual(["firing breaker-open vectors", "repeated breaker-open vectors", "repeated breaker-open vectors"]);
    expect(looks[10]).not.toBe("");
  });

  test("that flaps is a single alert", () => {
    const { look } = book({ resolveAfterMs: MINUTE });
    const seen = Array.from({ length: 20 }, (_, i) => look(i * 20_000, i % 3 === 0 ? open : snapshot())).flat();
    expect(summarized(seen)).toEqual(["firing breaker-open vectors"]);
  });

  test("keeps its id; another subject has another id", () => {
    const { look } = book();
    const [fired] = look(0, open);
    const [other] = look(1_000, snapshot({ breakers: { vectors: "open", records: "half-open" } }));
    look(MINUTE, snapshot({ breakers: { records: "open" } }));
    const [ended] = look(2 * MINUTE, snapshot({ breakers: { records: "open" } }));
    expect(ended).toMatchObject({ status: "resolved", id: fired?.id, startedAt: fired?.startedAt, endedAt: "2026-01-01T00:02:00.000Z" });
    expect(other).toMatchObject({ subject: "records" });
    expect(other?.id).not.toBe(fired?.id);
  });

  test("fires for a breaker that opened and closed between two evaluations", () => {
    const { look } = book();
    look(0, snapshot());
    expect(summarized(look(15_000, snapshot({ counts: { breakerOpenings: { embeddings: 1 } } })))).toEqual(["firing breaker-open embeddings"]);
  });

  test("fires only if the condition lasts without a break", () => {
    const { look } = book();
    const slow = snapshot({ p99Ms: { search: 5_000 } });
    const seen = [slow, slow, snapshot(), slow, slow].flatMap((each, i) => look(i * 25_000, each));
    expect(seen).toEqual([]);
  });

  test("keeps firing while its condition is unknown", () => {
    const { look } = book();
    expect(summarized(look(0, snapshot({ backlog: { intents: 9, deadLettered: 9, overdueMs: 0 } })))).toEqual(["firing dead-intents"]);
    expect(look(10 * MINUTE, snapshot({ backlog: null }))).toEqual([]);
    expect(look(11 * MINUTE, snapshot())).toEqual([]);
    expect(summarized(look(12 * MINUTE, snapshot()))).toEqual(["resolved dead-intents"]);
  });

  test("does not fire for the error rate of few operations or of a traffic pause", () => {
    const { look } = book();
    look(0, snapshot());
    expect(look(1_000, snapshot({ counts: { operations: 99, failed: 99 } }))).toEqual([]);
    expect(summarized(look(2_000, snapshot({ counts: { operations: 100, failed: 99 } })))).toEqual(["firing error-rate"]);
    const quiet = snapshot({ counts: { operations: 100, failed: 99 } });
    expect([6, 12, 13, 14].flatMap((minute) => summarized(look(minute * MINUTE, quiet)))).toEqual(["resolved error-rate"]);
  });

  test("counts only the window", () => {
    const { look } = book();
    look(0, snapshot({ counts: { operations: 10_000, failed: 9_000 } }));
    expect(look(6 * MINUTE, snapshot({ counts: { operations: 20_000, failed: 9_001 } }))).toEqual([]);
  });

  test("does not fire when counters restart", () => {
    const { look } = book();
    look(0, snapshot({ counts: { operations: 10_000, failed: 50 } }));
    expect(look(MINUTE, snapshot({ counts: { operations: 200, failed: 0 } }))).toEqual([]);
    expect(summarized(look(2 * MINUTE, snapshot({ counts: { operations: 400, failed: 100 } })))).toEqual(["firing error-rate"]);
  });

  test("does not fire for a condition that is disabled or below its threshold", () => {
    const { look } = book({ conditions: { breakerOpen: { enabled: false }, vectorSyncFailing: { above: 5 } } });
    look(0, snapshot());
    expect(look(1_000, { ...open, counts: { ...open.counts, vectorSyncFailures: 5 } })).toEqual([]);
  });

  test("continues in the book that takes over, and is emitted once", () => {
    const one = book();
    one.look(0, open);
    const two = book();
    two.kept.takeOver(one.kept);
    expect(two.look(1_000, open)).toEqual([]);
    expect(one.kept.close(new Date())).toEqual([]);
    expect(summarized(two.kept.close(new Date()))).toEqual(["resolved breaker-open vectors"]);
  });

  test("has an id of at most 255 characters, distinct for equal beginnings", () => {
    const { look } = book();
    const nodes = ["a", "b"].map((end) => ({ name: "n".repeat(300) + end, isUp: false }));
    look(0, snapshot({ nodes }));
    const ids = look(30_000, snapshot({ nodes })).map(({ id }) => id);
    expect(ids.map((id) => id.length)).toEqual([255, 255]);
    expect(new Set(ids).size).toBe(2);
  });
});

test("alerts of two stores on one host have different ids, so neither resolves the other's incident", () => {
  const open = snapshot({ breakers: { vectors: "open" } });
  const ids = ["agents@1", "agents@2", "other@1"].map((store) => {
    const [notice] = book({ conditions: { breakerOpen: { forMs: 0 } } }, store).look(0, open);
    return notice?.id;
  });
  expect(new Set(ids).size).toBe(3);
  expect(ids[0]).toBe("langgraph-store/host-1/agents@1/breaker-open/vectors");
});
