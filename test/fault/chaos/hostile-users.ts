/** Hostile users next to well-behaved ones, in the same processes and on the same store; see `history/attacks.ts`. */
import { MAX_BATCH, MAX_TEXT_CHARS } from "../history/attacks.ts";
import type { StoreOptions } from "../history/config.ts";
import type { Scenario } from "./scenario.ts";
import type { Given } from "./scenarios.ts";
import { unhurried, UNHURRIED_RULES } from "./settings.ts";

/** Duration of the attacks in milliseconds. */
const HOSTILE_MS = 15_000;

/** Over-long and blank texts, wrong types, misspelled options, bursts, forged cursors, bad listeners: other users are not affected. */
export function hostileUsers(given: Given, hurried: StoreOptions, forMs = HOSTILE_MS): Scenario {
  const store = unhurried(hurried);
  const options = {
    ...store.options,
    limits: { ...store.options.limits, maxBatchOperations: MAX_BATCH },
    // Hostile users send bursts through a view; the others use no scope.
    rateLimit: { scope: { all: { operations: 50 } } },
  };
  return {
    ...given,
    name: "hostile users",
    store: { ...store, options } as StoreOptions,
    processes: 2,
    clients: 4,
    hostile: { users: 2, maxTextChars: MAX_TEXT_CHARS },
    calmMs: [0, 0],
    afterMs: forMs,
    faults: () => [],
    rules: { ...UNHURRIED_RULES, isIsolated: true },
  };
}
