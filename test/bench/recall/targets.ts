/** The targets of recall. They do not depend on the speed of the machine. */
import type { Verdict } from "../targets.ts";
import { DEPTHS, recallOf, type Depth, type Measured } from "./measured.ts";

/** Names of this store's systems in reports. */
export const OUR_SYSTEMS = ["local file", "servers"] as const;

/** Results that hybrid is compared with the other modes in. */
export const COMPARED_DEPTHS = [10, 20] as const;

/** Largest loss of hybrid in one conversation. */
const MOST_LOST = 0.03;

/** Largest difference of the two backends. */
const MOST_APART = 0.02;

/** Recall of the modes, and by how much hybrid exceeds the better of the other two. */
export interface ModesCompared {
  readonly semantic: number;
  readonly keyword: number;
  readonly hybrid: number;
  readonly difference: number;
}

/** Compares hybrid with the better of semantic and keyword over some conversations; null where one was not measured. */
export function comparedWithModes(measured: readonly Measured[], system: string, depth: Depth, conversations?: readonly string[]): ModesCompared | null {
  const of = (ranking: string) => recall(measured, system, ranking, depth, conversations);
  const [semantic, keyword, hybrid] = [of("semantic"), of("keyword"), of("hybrid")];
  if (semantic === null || keyword === null || hybrid === null) return null;
  return { semantic, keyword, hybrid, difference: hybrid - Math.max(semantic, keyword) };
}

/** Compares what was measured with the targets. Recall is the mean over the questions. */
export function judgeRecall(measured: readonly Measured[], conversations: readonly string[], reporting: readonly string[]): Verdict[] {
  const of = (system: string, ranking: string, depth: Depth = 10, ids?: readonly string[]) => recall(measured, system, ranking, depth, ids);
  return [
    ...OUR_SYSTEMS.flatMap((system) => [
      atLeast(`${system}: hybrid recall@10`, "≥ 0.60", of(system, "hybrid"), 0.6),
      atLeast(`${system}: hybrid recall@10, reporting conversations`, "≥ 1.6× semantic", quotient(of(system, "hybrid", 10, reporting), of(system, "semantic", 10, reporting)), 1.6, "×"),
      ...COMPARED_DEPTHS.flatMap((depth) => [
        atLeast(`${system}: hybrid recall@${depth} minus the better of semantic and keyword`, "≥ 0", comparedWithModes(measured, system, depth)?.difference ?? null, 0),
        lowest(`${system}: the same at ${depth}, lowest of all conversations`, conversations, (id) => comparedWithModes(measured, system, depth, [id])?.difference ?? null),
      ]),
      atLeast(`${system}: provider down, recall@10`, "≥ 0.98× keyword", quotient(of(system, "provider down"), of(system, "keyword")), 0.98, "×"),
      atLeast(`${system}: provider down, recall@10`, "≥ 0.90× hybrid", quotient(of(system, "provider down"), of(system, "hybrid")), 0.9, "×"),
      ...DEPTHS.map((depth) => exceeds(`${system}: hybrid recall@${depth}`, of(system, "hybrid", depth), of("PostgresStore", "hybrid", depth))),
    ]),
    ...["semantic", "keyword", "hybrid", "hybrid with decay", "provider down"].map((ranking) => apart(measured, ranking)),
  ];
}

function recall(measured: readonly Measured[], system: string, ranking: string, depth: Depth, conversations?: readonly string[]): number | null {
  const found = measured.find((each) => each.system === system && each.ranking === ranking);
  return found === undefined ? null : recallOf(found, depth, conversations);
}

function quotient(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a / b;
}

function atLeast(what: string, target: string, reached: number | null, least: number, unit = ""): Verdict {
  if (reached === null) return { what, target, reached, isMet: null };
  return { what, target, reached: `${reached.toFixed(3)}${unit}`, isMet: reached >= least };
}

function exceeds(what: string, own: number | null, other: number | null): Verdict {
  const target = "> PostgresStore hybrid";
  if (own === null || other === null) return { what, target, reached: null, isMet: null };
  return { what, target, reached: `${own.toFixed(3)} / ${other.toFixed(3)}`, isMet: own > other };
}

function lowest(what: string, conversations: readonly string[], differenceOf: (id: string) => number | null): Verdict {
  const target = `≥ −${MOST_LOST}`;
  const differences = conversations.flatMap((id) => {
    const difference = differenceOf(id);
    return difference === null ? [] : [{ id, difference }];
  });
  const [least] = differences.sort((a, b) => a.difference - b.difference);
  if (least === undefined || differences.length < conversations.length) return { what, target, reached: null, isMet: null };
  return { what, target, reached: `${least.difference.toFixed(3)} (${least.id})`, isMet: least.difference >= -MOST_LOST };
}

function apart(measured: readonly Measured[], ranking: string): Verdict {
  const [what, target] = [`${ranking}: largest difference of the backends at ${DEPTHS.join(", ")}`, `≤ ${MOST_APART}`];
  const [one, other] = OUR_SYSTEMS;
  const differences = DEPTHS.map((depth) => {
    const [a, b] = [recall(measured, one, ranking, depth), recall(measured, other, ranking, depth)];
    return a === null || b === null ? null : Math.abs(a - b);
  });
  if (differences.includes(null)) return { what, target, reached: null, isMet: null };
  const most = Math.max(...differences.map((difference) => difference ?? 0));
  return { what, target, reached: most.toFixed(3), isMet: most <= MOST_APART };
}
