/** Rules for hostile users: they get the required outcomes, and the store is never degraded. */
import type { StoreEventType } from "../../../src/index.ts";
import { factsOf, JUDGE } from "./final-state.ts";
import type { History } from "./history.ts";
import { HOSTILE_FACT, type HostileFact } from "./hostile.ts";
import type { Violation } from "./violation.ts";

/** Events that indicate an effect on other users. */
const DEGRADATIONS: readonly StoreEventType[] = [
  "search-degraded",
  "breaker-opened",
  "vector-sync-failed",
  "embedding-postponed",
  "intent-dead",
  "vectors-lost",
  "alert-fired",
];

/** Verifies a history with hostile users. Calls of other users are verified as in any history. */
export function checkIsolation({ processes, searches }: History): Violation[] {
  const facts = processes
    .filter(({ name, end }) => name !== JUDGE && end === "stopped")
    .map(({ name, lines }) => ({ name, fact: factsOf(lines).get(HOSTILE_FACT) as HostileFact | undefined }));
  const degraded = searches.filter(({ answer }) => answer.degraded);
  return [
    ...degraded.map(({ call, answer }) => ({ rule: "degraded", message: `a search was degraded: ${answer.reason}`, call })),
    ...facts.flatMap(({ name, fact }) => (fact === undefined ? [] : checkProcess(name, fact))),
    ...checkWork(facts.flatMap(({ fact }) => fact ?? [])),
  ];
}

function checkProcess(name: string, fact: HostileFact): Violation[] {
  const events = DEGRADATIONS.filter((type) => (fact.events[type] ?? 0) > 0);
  return [
    ...fact.unexpected.map((message) => ({ rule: "hostile call", message: `${name}: ${message}` })),
    ...events.map((type) => ({ rule: "degradation", message: `${name}: ${fact.events[type]} x ${type}` })),
    ...fact.openCircuits.map((service) => ({ rule: "open circuit", message: `${name}: ${service}` })),
    ...(fact.heardReloads === fact.refusedReloads
      ? []
      : [{ rule: "unheard", message: `${name}: a listener heard ${fact.heardReloads} of ${fact.refusedReloads} events` }]),
  ];
}

/** Returns a violation if an attack was never made, because the history then proves nothing. */
function checkWork(facts: readonly HostileFact[]): Violation[] {
  const total = (of: (fact: HostileFact) => number): number => facts.reduce((sum, fact) => sum + of(fact), 0);
  const names = Object.keys(facts[0]?.attacks ?? {}) as (keyof HostileFact["attacks"])[];
  const unmade = names.filter((name) => total(({ attacks }) => attacks[name]) === 0);
  const idle = (message: string): Violation => ({ rule: "not hostile", message });
  return [
    ...(facts.length === 0 ? [idle("no process reported hostile users")] : []),
    ...unmade.map((name) => idle(`no ${name}`)),
    ...(facts.length > 0 && total(({ rateLimited }) => rateLimited) === 0 ? [idle("no burst met its limit")] : []),
  ];
}
