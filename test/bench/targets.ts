/** The targets of the store: ratios within one run, to reduce the influence of the machine. */
import type { CaseName } from "./cases.ts";
import type { Result } from "./results.ts";
import type { SystemName } from "./system.ts";

/** A target and the measured value. */
export interface Verdict {
  readonly what: string;
  readonly target: string;
  /** Null if a required system was not measured. */
  readonly reached: string | null;
  readonly isMet: boolean | null;
}

type Find = (name: CaseName, system: SystemName) => Result | undefined;

interface Target {
  readonly what: string;
  readonly target: string;
  /** Undefined if it is unknown. */
  readonly judge: (find: Find) => { readonly reached: string; readonly isMet: boolean } | undefined;
}

const TARGETS: readonly Target[] = [
  ratio("put with vector, 100 clients", "put-vector-100", "servers", "postgres", 10),
  ratio("put with vector, 100 clients", "put-vector-100", "servers", "raw", 0.38),
  ratio("batch of 100 puts with vectors", "batch-put-vector", "servers", "postgres", 12),
  ratio("put without vector, 100 clients", "put-plain-100", "servers", "raw", 0.33),
  ratio("put without vector, 100 clients", "put-plain-100", "servers", "postgres", 1.2),
  ratio("get, 100 clients", "get-100", "servers", "raw", 0.85),
  ratio("get, 100 clients", "get-100", "servers", "postgres", 1.4),
  ratio("batch of 50 gets", "batch-get-50", "servers", "raw", 2),
  ratio("search in a namespace, 8 clients", "search-namespace-8", "servers", "raw", 0.6),
  ratio("search in a namespace, 8 clients", "search-namespace-8", "servers", "postgres", 2),
  ratioOfCases("hybrid search in a namespace, 8 clients", "search-namespace-hybrid-8", "search-namespace-8", "servers", 0.7),
  ratioOfCases("embedded: hybrid search in a namespace, 8 clients", "search-namespace-hybrid-8", "search-namespace-8", "embedded", 0.6),
  ratio("search over everything, 8 clients", "search-all-8", "servers", "postgres", 10),
  ratio("filter listing, half match", "filter-first-page", "servers", "postgres", 1.5),
  ratio("filter listing, one in ten matches", "filter-tenth-page", "servers", "raw", 0.8),
  overhead("get, 1 client", "get-1", 0.3),
  overhead("search in a namespace, 1 client", "search-namespace-1", 0.3),
  ratio("embedded: search over everything", "search-all-8", "embedded", "memory", 1),
  atMost("embedded: longest pause while searching everything", "search-all-8", "embedded", ({ longestPauseMs }) => longestPauseMs, 10, "ms"),
  atLeast("embedded: get, 100 clients", "get-100", "embedded", 20_000),
  atLeast("mission: documents written with vectors", "put-vector-100", "servers", 1_000),
  atLeast("mission: reads", "get-100", "servers", 10_000),
];

/** Compares results with the targets. */
export function judge(results: readonly Result[]): Verdict[] {
  const find: Find = (name, system) => results.find((each) => each.case === name && each.system === system);
  return TARGETS.map(({ what, target, judge: decide }) => {
    const { reached = null, isMet = null } = decide(find) ?? {};
    return { what, target, reached, isMet };
  });
}

/** Returns a target as a multiple of another system's speed. */
function ratio(what: string, name: CaseName, system: SystemName, other: SystemName, least: number): Target {
  return multiple(what, `≥ ${least}× ${other}`, least, (find) => [find(name, system), find(name, other)]);
}

/** Returns a target as a multiple of the speed of another case on the same system. */
function ratioOfCases(what: string, name: CaseName, other: CaseName, system: SystemName, least: number): Target {
  return multiple(what, `≥ ${least}× \`${other}\``, least, (find) => [find(name, system), find(other, system)]);
}

function multiple(what: string, target: string, least: number, pair: (find: Find) => readonly [Result | undefined, Result | undefined]): Target {
  return {
    what,
    target,
    judge(find) {
      const [own, others] = pair(find);
      if (own === undefined || others === undefined) return undefined;
      const reached = own.opsPerSec / others.opsPerSec;
      return { reached: `${reached.toFixed(2)}×`, isMet: reached >= least };
    },
  };
}

/** Returns a target as the additional median latency over the raw calls, in milliseconds. */
function overhead(what: string, name: CaseName, most: number): Target {
  return {
    what,
    target: `≤ ${most} ms over raw`,
    judge(find) {
      const [own, raw] = [find(name, "servers"), find(name, "raw")];
      if (own === undefined || raw === undefined) return undefined;
      const reached = own.p50Ms - raw.p50Ms;
      return { reached: `${reached.toFixed(2)} ms`, isMet: reached <= most };
    },
  };
}

function atLeast(what: string, name: CaseName, system: SystemName, least: number): Target {
  return {
    what,
    target: `≥ ${least.toLocaleString("en")}/s`,
    judge(find) {
      const own = find(name, system);
      return own && { reached: `${Math.round(own.opsPerSec).toLocaleString("en")}/s`, isMet: own.opsPerSec >= least };
    },
  };
}

function atMost(
  what: string,
  name: CaseName,
  system: SystemName,
  of: (result: Result) => number,
  most: number,
  unit: string,
): Target {
  return {
    what,
    target: `≤ ${most} ${unit}`,
    judge(find) {
      const own = find(name, system);
      return own && { reached: `${of(own).toFixed(1)} ${unit}`, isMet: of(own) <= most };
    },
  };
}
