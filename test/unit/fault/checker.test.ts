/** Handwritten histories: valid ones pass, and each kind of violation is detected. */
import { describe, expect, test } from "vitest";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { placeOf, type FaultWindow } from "../../fault/history/history.ts";
import type { Row } from "../../fault/history/log.ts";
import { isIndexed, tagOf, textOf, valueOf, wholeIdOf } from "../../fault/history/value.ts";
import { broken, failed, failedSearch, get, NS, put, putFor, putUntil, remove, row, search } from "./histories.ts";

/** Ids of writes with vectors. */
const [a = "", b = "", c = ""] = Array.from({ length: 40 }, (_, n) => `p.0.${n}`).filter(isIndexed);
const UNINDEXED = Array.from({ length: 200 }, (_, n) => `q.0.${n}`).find((id) => !isIndexed(id)) ?? "";

async function score(query: string, id: string): Promise<number> {
  const embeddings = new HashEmbeddings({ dims: 64 });
  const [x = [], y = []] = await embeddings.embedDocuments([query, textOf(id)]);
  return x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
}

describe("reads of a key", () => {
  test("return the last acknowledged value, or a concurrent one", () => {
    const before = [put("k", a, [0, 10]), get("k", a, [20, 30])];
    const after = [put("k", b, [40, 60]), get("k", a, [45, 50]), get("k", b, [52, 58]), get("k", b, [70, 80])];
    expect(broken([...before, ...after])).toEqual([]);
  });

  test("return nothing before the first put, after a delete and after expiry", () => {
    expect(broken([get("k", null, [0, 5]), put("k", a, [10, 20]), remove("k", [30, 40]), get("k", null, [50, 60])])).toEqual([]);
    expect(broken([putUntil("k", a, [0, 10], 50), get("k", a, [20, 30]), get("k", null, [45, 55]), get("k", null, [60, 70])])).toEqual([]);
    expect(broken([putFor("k", a, [0, 10], 100), get("k", a, [90, 95]), get("k", a, [180, 190]), get("k", null, [300, 310])])).toEqual([]);
  });

  test("violate when an acknowledged value is missing", () => {
    expect(broken([put("k", a, [0, 10]), get("k", null, [20, 30])])).toEqual(["lost"]);
    expect(broken([put("k", a, [0, 10], failed("VECTOR_SYNC")), get("k", null, [20, 30])], { faults: fault("vectors", 0, 10) })).toEqual(["lost"]);
    expect(broken([remove("k", [0, 5]), put("k", a, [10, 20]), get("k", null, [30, 40])])).toEqual(["lost"]);
    expect(broken([putUntil("k", a, [0, 10], 50), get("k", null, [20, 30])])).toEqual(["lost"]);
  });

  test("violate when they return an older value after a newer one was acknowledged", () => {
    expect(broken([put("k", a, [0, 10]), put("k", b, [20, 30]), get("k", a, [40, 50])])).toContain("stale");
    expect(broken([put("k", a, [0, 10]), remove("k", [20, 30]), get("k", a, [40, 50])])).toContain("stale");
  });

  test("violate when they return a value that expired, was never put, or was put elsewhere", () => {
    expect(broken([putUntil("k", a, [0, 10], 50), get("k", a, [60, 70])])).toEqual(["ended"]);
    expect(broken([putFor("k", a, [0, 10], 50), get("k", a, [80, 90])])).toEqual(["ended"]);
    expect(broken([put("k", a, [0, 10]), get("k", b, [20, 30])])).toEqual(["unwritten"]);
    expect(broken([put("k", a, [20, 30]), get("k", a, [0, 10])])).toContain("unwritten");
    expect(broken([put("k", a, [0, 10]), get("other", a, [20, 30])])).toEqual(["unwritten"]);
  });

  test("violate when they return a value that a rejected put reported as not stored", () => {
    const calls = [put("k", a, [0, 10], failed("EMBEDDING")), get("k", a, [20, 30])];
    expect(broken(calls, { faults: fault("provider", 0, 10) })).toEqual(["unsaved"]);
    const kept = [put("k", a, [0, 10]), put("k", b, [20, 30], failed("EMBEDDING")), get("k", a, [40, 50])];
    expect(broken(kept, { faults: fault("provider", 0, 30) })).toEqual([]);
  });

  test("may return a failed or interrupted write until a later one is acknowledged", () => {
    const cut = put("k", b, [20, 30], null, "killed");
    const before = put("k", a, [0, 10]);
    expect(broken([before, cut, get("k", a, [40, 50])])).toEqual([]);
    expect(broken([before, cut, get("k", b, [40, 50])])).toEqual([]);
    expect(broken([before, cut, put("k", c, [60, 70]), get("k", c, [80, 90])])).toEqual([]);
    expect(broken([before, cut, put("k", c, [60, 70]), get("k", b, [80, 90])])).toEqual(["stale"]);
    expect(broken([before, cut, put("k", c, [60, 70]), get("k", b, [80, 90])], { rules: { clockSpreadMs: 100 } })).toEqual([]);
    expect(broken([before, remove("k", [20, 30], failed("TIMEOUT")), get("k", null, [40, 50])], { faults: fault("records", 20, 30) })).toEqual([]);
  });

  test("must be complete in listings and filters, unless a search stopped early", () => {
    const both = [put("k", a, [0, 10]), put("l", b, [0, 10])];
    expect(broken([...both, search([row("k", a), row("l", b)], [20, 30])])).toEqual([]);
    expect(broken([...both, search([row("k", a)], [20, 30])])).toEqual(["lost"]);
    expect(broken([...both, search([row("k", a)], [20, 30], { limit: 1 })])).toEqual([]);
    expect(broken([...both, search([row("k", a)], [20, 30], {}, { truncated: true })])).toEqual([]);
    const matching = [a, b, c].find((id) => tagOf(id) !== tagOf(a)) ?? "";
    expect(broken([put("k", matching, [0, 10]), search([], [20, 30], { tag: tagOf(a) })])).toEqual([]);
    expect(broken([put("k", a, [0, 10]), search([], [20, 30], { tag: tagOf(a) })])).toEqual(["lost"]);
  });
});

describe("several reads of a key", () => {
  const cutOff = (id: string) => put("k", id, [0, 5], null, `killed ${id}`);

  test("keep an interrupted write that was seen once", () => {
    expect(broken([cutOff(a), get("k", null, [10, 20]), get("k", a, [30, 40]), get("k", a, [50, 60])])).toEqual([]);
    expect(broken([cutOff(a), get("k", a, [30, 40]), get("k", null, [50, 60]), get("k", a, [70, 80])])).toEqual(["vanished for a while"]);
  });

  test("never return an interrupted write after another one replaced it", () => {
    expect(broken([cutOff(a), cutOff(b), get("k", a, [10, 20]), get("k", b, [30, 40])])).toEqual([]);
    const again = [get("k", a, [50, 60]), get("k", b, [70, 80])];
    expect(broken([cutOff(a), cutOff(b), get("k", a, [10, 20]), get("k", b, [30, 40]), ...again])).toEqual(["went back"]);
  });

  test("never lose an acknowledged write between two reads of another", () => {
    const during = [get("k", a, [10, 20]), put("k", b, [30, 40]), get("k", a, [50, 60])];
    expect(broken([put("k", a, [0, 100]), ...during])).toEqual(["overwritten by an older one"]);
  });
});

describe("single results", () => {
  test("have the scores of their text", async () => {
    const query = textOf(a);
    const right = await score(query, a);
    expect(right).toBeCloseTo(1);
    const calls = (given: number) => [put("k", a, [0, 10]), search([row("k", a, { score: given })], [20, 30], { query })];
    expect(broken(calls(right))).toEqual([]);
    expect(broken(calls(right - 0.01))).toEqual(["score"]);
    expect(broken([put("k", UNINDEXED, [0, 10]), search([row("k", UNINDEXED, { score: 0 })], [20, 30], { query })])).toEqual(["score"]);
    expect(broken([put("k", UNINDEXED, [0, 10]), search([row("k", UNINDEXED)], [20, 30], { query })])).toEqual([]);
  });

  test("may have an older score while vectors are being written, if the rules allow it", async () => {
    const query = textOf(a);
    const calls = async (to: number) => [
      put("k", a, [0, 10]),
      put("k", b, [20, to]),
      search([row("k", b, { score: await score(query, a) })], [30, 40], { query }),
    ];
    expect(broken(await calls(50), { rules: { scoresMayLag: true } })).toEqual([]);
    expect(broken(await calls(50))).toEqual(["score"]);
    expect(broken(await calls(25), { rules: { scoresMayLag: true } })).toEqual(["score"]);
    // A write whose vectors were queued: they are written once, so two separate searches cannot both overlap it.
    const queued = put("k", b, [20, 25], failed("VECTOR_SYNC"));
    const late = async (at: readonly [number, number]) => search([row("k", b, { score: await score(query, a) })], at, { query });
    const faulty = { rules: { scoresMayLag: true }, faults: fault("vectors", 0, 100) };
    expect(broken([put("k", a, [0, 10]), queued, await late([30, 40]), await late([35, 45])], faulty)).toEqual([]);
    expect(broken([put("k", a, [0, 10]), queued, await late([30, 40]), await late([50, 60])], faulty)).toEqual(["score"]);
  });

  test("rank an acknowledged item, unless vectors are unavailable", () => {
    const calls = [put("k", a, [0, 10]), search([row("k", a)], [20, 30], { query: "tea" })];
    expect(broken(calls)).toEqual(["unscored"]);
    expect(broken(calls, { faults: fault("vectors", 0, 15) })).toEqual([]);
    const degraded = { mode: "keyword", degraded: true, reason: "vectors-unavailable" };
    expect(broken([put("k", a, [0, 10]), search([row("k", a)], [20, 30], { query: "tea" }, degraded)])).toEqual([]);
  });

  test("contain no duplicate, foreign, incomplete or excluded item", () => {
    const before = put("k", a, [0, 10]);
    expect(broken([before, search([row("k", a), row("k", a)], [20, 30])])).toEqual(["twice"]);
    expect(broken([before, search([row("k", a), row("k", b, { namespace: ["t", "ab"] })], [20, 30])])).toContain("wrong item");
    expect(broken([before, search([row("k", null, { found: "{}" })], [20, 30])])).toContain("wrong item");
    expect(broken([before, search([row("k", a)], [20, 30], { tag: tagOf(a) + 1 })])).toContain("wrong item");
    expect(wholeIdOf({ ...valueOf(a, NS, "k") }, NS, "k")).toBe(a);
    expect(wholeIdOf({ ...valueOf(a, NS, "k") }, NS, "other")).toBeNull();
    expect(wholeIdOf({ ...valueOf(a, NS, "k"), text: textOf(b) }, NS, "k")).toBeNull();
  });

  test("are ordered by score, and in a listing by age", async () => {
    const query = textOf(a);
    const [high, low] = [row("k", a, { score: await score(query, a) }), row("l", b, { score: await score(query, b) })];
    const both = [put("k", a, [0, 10]), put("l", b, [0, 10])];
    expect(broken([...both, search([high, low], [20, 30], { query })])).toEqual([]);
    expect(broken([...both, search([low, high], [20, 30], { query })])).toEqual(["order"]);
    const listed = [row("k", a, { createdAt: 2 }), row("l", b, { createdAt: 1 })];
    expect(broken([...both, search(listed, [20, 30])])).toEqual(["order"]);
    expect(broken([...both, search(listed.toReversed(), [20, 30])])).toEqual([]);
  });

  test("of a batch exclude its own puts", () => {
    const operations = [{ kind: "put", namespace: NS, key: "k", id: a }, { kind: "get", namespace: NS, key: "k" }] as const;
    const batch = (id: string | null) => {
      const outcomes = [{ ok: true }, { ok: true, row: id === null ? null : row("k", id) }] as const;
      return { operations, from: 0, to: 10, outcomes, process: "p" };
    };
    expect(broken([batch(null)])).toEqual([]);
    expect(broken([batch(a)])).toEqual(["own write"]);
  });
});

describe("calls", () => {
  test("end within their deadline, not counting the time in which their process was stopped", () => {
    expect(broken([get("k", null, [0, 1_050])])).toEqual([]);
    expect(broken([get("k", null, [0, 1_200])])).toEqual(["too long"]);
    expect(broken([get("k", null, [0, 3_000])], { processes: { p: { pauses: [{ from: 100, to: 2_500 }] } } })).toEqual([]);
    expect(broken([put("k", a, [0, 5], null)], { processes: { p: { end: "hung" } } })).toEqual(["a process hung", "never ended"]);
    expect(broken([get("k", null, [0, 5])], { processes: { p: { end: "died" } } })).toEqual(["a process died"]);
  });

  test("fail only with a reason, and with an error of the store", () => {
    expect(broken([put("k", a, [0, 10], failed("UNAVAILABLE"))])).toEqual(["failed without a fault"]);
    expect(broken([put("k", a, [0, 10], failed("UNAVAILABLE"))], { rules: { refusals: ["UNAVAILABLE"] } })).toEqual([]);
    expect(broken([put("k", a, [0, 10], failed("UNAVAILABLE", false))], { rules: { refusals: ["UNAVAILABLE"] } })).toEqual(["failed without a fault"]);
    expect(broken([put("k", a, [400, 410], failed("VECTOR_SYNC"))], { faults: fault("vectors", 0, 10) })).toEqual([]);
    expect(broken([put("k", a, [600, 610], failed("VECTOR_SYNC"))], { faults: fault("vectors", 0, 10) })).toEqual(["failed without a fault"]);
    expect(broken([put("k", a, [0, 10], failed(null))], { faults: fault("records", 0, 10) })).toEqual(["foreign error"]);
  });

  test("of search succeed while records are readable", () => {
    expect(broken([failedSearch("UNAVAILABLE", [0, 10], "tea")], { faults: fault("vectors", 0, 10) })).toEqual(["no answer"]);
    expect(broken([failedSearch("UNAVAILABLE", [0, 10], "tea")], { faults: fault("records", 0, 10) })).toEqual([]);
  });
});

describe("the final check", () => {
  const query = `u${a.replaceAll(".", "x")}`;
  const facts = {
    recovered: { degraded: false },
    drained: { failed: 0 },
    points: [[...NS, "k"]],
    namespaces: [[...NS]],
    repair: { examined: 1, missing: 0, stale: 0, orphaned: 0 },
  };

  /** Returns the violations of a final check in which one fact differs. */
  async function judged(other: { rows?: readonly Row[]; ranked?: readonly Row[]; facts?: object } = {}): Promise<string[]> {
    const whole = [row("k", a)];
    const scored = [row("k", a, { score: await score(query, a) })];
    const look = [get("k", a, [20, 30]), search(other.rows ?? whole, [40, 50]), search(other.ranked ?? scored, [60, 70], { query })];
    const judge = look.map((each) => ({ ...each, process: "judge" }));
    const said = Object.entries({ ...facts, ...other.facts }).map(([fact, value]) => ({ fact, value }));
    const lines = judge.flatMap(({ operations, outcomes, from, to }, s) => [
      { s, client: 0, operations, at: from, wall: from },
      { e: s, outcomes: outcomes ?? [], at: to, wall: to },
    ]);
    return broken([put("k", a, [0, 10]), ...judge], {
      rules: { isJudged: true },
      // A vector fault long ago, so that only the final check detects missing vectors.
      faults: fault("vectors", 0, 10),
      processes: { judge: { lines: [...lines, ...said] } },
    });
  }

  test("finds the same items through every call", async () => {
    expect(await judged()).toEqual([]);
    expect(await judged({ rows: [] })).toContain("routes differ");
    expect(await judged({ ranked: [] })).toContain("routes differ");
    expect(await judged({ ranked: [row("k", a)] })).toEqual(["no vectors", "not found"]);
  });

  test("finds derived data equal to the records", async () => {
    expect(await judged({ facts: { points: [] } })).toEqual(["points"]);
    expect(await judged({ facts: { points: [[...NS, "k"], [...NS, "gone"]] } })).toEqual(["points"]);
    expect(await judged({ facts: { points: [[...NS, "k"], [...NS, "k"]] } })).toEqual(["points"]);
    expect(await judged({ facts: { namespaces: [[...NS], ["t", "ab"]] } })).toEqual(["namespaces"]);
    expect(await judged({ facts: { repair: { examined: 1, stale: 1 } } })).toEqual(["repair"]);
    expect(await judged({ facts: { drained: { failed: 1 } } })).toEqual(["backlog"]);
    expect(await judged({ facts: { recovered: { degraded: true } } })).toEqual(["not recovered"]);
  });

  test("is required", () => {
    expect(broken([put("k", a, [0, 10])], { rules: { isJudged: true } })).toEqual(["unjudged"]);
  });
});

function fault(service: FaultWindow["hits"][number], from: number, to: number): FaultWindow[] {
  return [{ name: placeOf(["a fault of"], service), hits: [service], from, to }];
}
