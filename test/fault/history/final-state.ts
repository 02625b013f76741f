/** Rules for the final state without faults and calls: all reads agree, and derived data equals the records. */
import { placeOf, type AnsweredSearch, type History, type Sight } from "./history.ts";
import type { ProcessLog } from "./history-process.ts";
import type { LogLine } from "./log.ts";
import type { Place } from "./points.ts";
import { isIndexed, uniqueWordOf } from "./value.ts";
import type { Violation } from "./violation.ts";

/** Name of the process that makes the final check. */
export const JUDGE = "judge";

/** Counters of a repair that report a difference. */
const REPAIR_FAULTS = ["missing", "stale", "orphaned", "unlisted", "unreadable", "failed"] as const;

/** Verifies the facts of the judge. */
export function checkFinalState(history: History): Violation[] {
  const judge = history.processes.find(({ name }) => name === JUDGE);
  if (judge === undefined) return [{ rule: "unjudged", message: "the last look at the store was not taken" }];
  const live = new Map<string, string>();
  for (const sight of judgedSights(history)) if (sight.route === "get" && sight.id !== null) live.set(sight.place, sight.id);
  const searches = history.searches.filter(({ call }) => call.process === JUDGE);
  return [
    ...searches.flatMap((search) => checkSameItems(search, live)),
    ...searches.filter(({ operation }) => operation.query !== undefined).flatMap((search) => checkRanked(search, live)),
    ...checkFacts(judge, live),
  ];
}

function judgedSights(history: History): Sight[] {
  return [...history.sights.values()].flat().filter(({ call }) => call.process === JUDGE);
}

function checkSameItems({ call, answer }: AnsweredSearch, live: ReadonlyMap<string, string>): Violation[] {
  const rows = new Map(answer.rows.map(({ namespace, key, id }) => [placeOf(namespace, key), id]));
  const missing = [...live.keys()].filter((place) => !rows.has(place));
  const other = [...rows].filter(([place, id]) => live.get(place) !== id).map(([place]) => place);
  if (missing.length === 0 && other.length === 0) return [];
  const message = `gets and a search differ at the end: missing ${JSON.stringify(missing)}, other ${JSON.stringify(other)}`;
  return [{ rule: "routes differ", message, call }];
}

function checkRanked({ call, operation, answer }: AnsweredSearch, live: ReadonlyMap<string, string>): Violation[] {
  const broken: Violation[] = [];
  if (answer.mode !== "semantic" || answer.degraded) {
    broken.push({ rule: "not recovered", message: `searches are still degraded: ${answer.reason}`, call });
  }
  const ranked = answer.rows.filter(({ score }) => score !== undefined);
  const scored = new Set(ranked.map(({ namespace, key }) => placeOf(namespace, key)));
  for (const [place, id] of live) {
    if (!isIndexed(id) || scored.has(place)) continue;
    broken.push({ rule: "no vectors", message: `${place} (${id}) has no score at the end`, call });
    if (uniqueWordOf(id) === operation.query) {
      broken.push({ rule: "not found", message: `${place} is not found by its own word`, call });
    }
  }
  return broken;
}

function checkFacts(judge: ProcessLog, live: ReadonlyMap<string, string>): Violation[] {
  const facts = factsOf(judge.lines);
  const broken: Violation[] = [];
  const expect = (rule: string, holds: boolean, message: string): void => {
    if (!holds) broken.push({ rule, message });
  };
  const { degraded } = (facts.get("recovered") ?? { degraded: true }) as { degraded: boolean };
  expect("not recovered", !degraded, `the store did not recover: ${JSON.stringify(facts.get("recovered"))}`);
  const drained = (facts.get("drained") ?? { failed: -1 }) as { failed: number };
  expect("backlog", drained.failed === 0, `intents could not be completed: ${JSON.stringify(drained)}`);

  const wanted = [...live].filter(([, id]) => isIndexed(id)).map(([place]) => place);
  const points = ((facts.get("points") ?? []) as Place[]).map((place) => placeOf(place.slice(0, -1), place.at(-1) ?? ""));
  const orphans = points.filter((place, i) => !wanted.includes(place) || points.indexOf(place) !== i);
  const missing = wanted.filter((place) => !points.includes(place));
  expect("points", orphans.length === 0, `points of no item with vectors: ${JSON.stringify(orphans)}`);
  expect("points", missing.length === 0, `items without their point: ${JSON.stringify(missing)}`);

  const namespaces = new Set([...live.keys()].map((place) => place.slice(0, place.lastIndexOf("/"))));
  const listed = ((facts.get("namespaces") ?? []) as string[][]).map((labels) => labels.join("."));
  const same = listed.length === namespaces.size && listed.every((path) => namespaces.has(path));
  expect("namespaces", same, `${JSON.stringify(listed)} are listed, and ${JSON.stringify([...namespaces])} hold items`);

  const repair = (facts.get("repair") ?? {}) as Partial<Record<(typeof REPAIR_FAULTS)[number], number>>;
  const found = REPAIR_FAULTS.filter((name) => (repair[name] ?? 0) !== 0);
  expect("repair", found.length === 0, `a dry repair finds something to mend: ${JSON.stringify(repair)}`);
  return broken;
}

/** Returns the facts of a log by name. */
export function factsOf(lines: readonly LogLine[]): ReadonlyMap<string, unknown> {
  return new Map(lines.flatMap((line): [string, unknown][] => ("fact" in line ? [[line.fact, line.value]] : [])));
}
