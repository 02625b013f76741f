/**
 * Copies of the store with one safeguard disabled. If a scenario passes on one of them, the checker has missed
 * the fault.
 */
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { EVERYTHING } from "../history/config.ts";
import { network, qdrantKilled } from "./faults.ts";
import { hostileUsers } from "./hostile-users.ts";
import { runScenario, type Scenario, type ScenarioResult } from "./scenario.ts";
import { clocksApart, embedded, type Given } from "./scenarios.ts";
import { RULES } from "./settings.ts";
import type { World } from "./world.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Possible backends of a scenario. */
interface Place {
  readonly keyspace: string;
  readonly folder: string;
}

/** A disabled safeguard. */
export interface Mutant {
  readonly name: string;
  /** File below `src`. */
  readonly file: string;
  /** Occurs in the file exactly once. */
  readonly from: string;
  readonly to: string;
  /** A scenario that depends on the safeguard. */
  readonly scenario: (given: Given, world: World, place: Place) => Scenario;
}

/** The safeguards. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "no intent is recorded",
    file: "core/intent-log.ts",
    from: "await this.#outbox.add(batch);",
    to: "",
    // Short, because later puts of the same keys would repair the vectors.
    scenario: (given, world, { keyspace }) => ({ ...withoutQdrantForAWhile(given, world, keyspace), afterMs: 50 }),
  },
  {
    name: "vectors are written over newer ones",
    file: "backends/qdrant/vector-index.ts",
    from: "const body = { points, update_filter: { must: [{ key: \"version\", range }] } };",
    to: "const body = { points, range: undefined };",
    scenario: (given, world, { keyspace }) => lateVectors(given, world, keyspace),
  },
  {
    name: "a version may fall behind the one that it replaces",
    file: "model/version-clock.ts",
    from: "return Math.max(this.#last, replaced + 1);",
    to: "return this.#last + 0 * replaced;",
    scenario: (given, _, { folder }) => clocksApart(given, embedded(join(folder, "store.db")), 2_000),
  },
  {
    name: "hits of another write count",
    file: "core/ranked-hits.ts",
    from: "const current = live && record.writeId === hit.writeId;",
    to: "const current = live;",
    scenario: (given, world, { keyspace }) => withoutQdrantForAWhile(given, world, keyspace),
  },
  {
    name: "nothing ends",
    file: "model/item.ts",
    from: "(record.expiresAt === null || record.expiresAt > now)",
    to: "(record.expiresAt === null || record.expiresAt > now - 1e12)",
    scenario: (given, _, { folder }) => endings(given, join(folder, "store.db")),
  },
  {
    name: "hostile users: a rejected text fails the texts beside it",
    file: "resilience/divided-embeddings.ts",
    from: "if (texts.length > 1) return new Division(texts, failure, this.#documents, (part) => this.#accepted(part), deadline).run();",
    to: "if (texts.length > 1) throw failure;",
    scenario: besideHostileUsers,
  },
  {
    name: "hostile users: a rejected text counts toward the circuit",
    file: "model/embedding-error.ts",
    from: 'return fault !== WRONG_ANSWER && fault !== "suspect-input" && isOutageFault(fault);',
    to: "return true;",
    scenario: besideHostileUsers,
  },
  {
    name: "hostile users: the rejection of a listener is not handled",
    file: "telemetry/isolated-call.ts",
    from: "if (isThenable(result)) result.then(undefined, failed);",
    to: "void result;",
    scenario: besideHostileUsers,
  },
  {
    name: "hostile users: a listener that throws ends the event",
    file: "telemetry/isolated-call.ts",
    from: "    failed(error);",
    to: "    throw error;",
    scenario: besideHostileUsers,
  },
];

/**
 * Runs the scenario of a mutant on a copy of the sources. The checker works if it reports violations for the mutant, and
 * none for the same scenario with all safeguards.
 *
 * @param which - "mutated", or the "original" for comparison
 */
export async function runMutant(
  mutant: Mutant,
  which: "mutated" | "original",
  given: Omit<Given, "sources">,
  world: World,
  keyspace: string,
): Promise<ScenarioResult> {
  const folder = await mkdtemp(join(given.folder ?? tmpdir(), "mutant-"));
  try {
    const sources = which === "original" ? join(ROOT, "src") : await mutatedSources(mutant, folder);
    return await runScenario(mutant.scenario({ ...given, sources }, world, { keyspace, folder }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Outside `node_modules`, where Node does not strip types, and beside a link to it, so that packages resolve. */
async function mutatedSources({ name, file, from, to }: Mutant, folder: string): Promise<string> {
  const sources = join(folder, "src");
  await cp(join(ROOT, "src"), sources, { recursive: true });
  await cp(join(ROOT, "package.json"), join(folder, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const path = join(sources, file);
  const text = await readFile(path, "utf8");
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`"${name}": ${file} holds ${parts.length - 1} times, and not once: ${from}`);
  await writeFile(path, parts.join(to));
  return sources;
}

/** Puts whose vectors cannot be written, and searches before the vectors are in sync. */
function withoutQdrantForAWhile(given: Given, world: World, keyspace: string): Scenario {
  const store = world.storeIn(keyspace);
  const { options } = store;
  return {
    ...given,
    name: "Qdrant away",
    store: { ...store, options: { ...options, reconcile: { ...options.reconcile, graceMs: 5_000 } } } as Scenario["store"],
    processes: 1,
    clients: 4,
    calmMs: [1_500, 1_500],
    afterMs: 2_500,
    faults: () => [{ ...qdrantKilled(world.qdrant), lastsMs: [2_000, 2_500] }],
    rules: RULES,
  };
}

/** The vectors of one process arrive after those of newer writes by another. */
function lateVectors(given: Given, world: World, keyspace: string): Scenario {
  return {
    ...given,
    name: "late vectors",
    store: world.storeIn(keyspace, world.qdrant.url),
    storeOf: (number) => (number === 0 ? world.storeIn(keyspace) : world.storeIn(keyspace, world.qdrant.url)),
    processes: 2,
    clients: 3,
    keys: 1,
    calmMs: [200, 200],
    afterMs: 500,
    // Not a vector fault for the checker: the vectors of every acknowledged write are in sync.
    faults: () => [
      { ...network("Qdrant", world.qdrantNetwork, { kind: "latency", ms: 200, of: "requests" }, [4_000, 4_000]), hits: [] },
    ],
    rules: RULES,
  };
}

/** Hostile users on one file. */
function besideHostileUsers(given: Given, _: World, { folder }: Place): Scenario {
  return hostileUsers(given, embedded(join(folder, "store.db")), 2_500);
}

/** Items that expire soon, and searches for them. */
function endings(given: Given, path: string): Scenario {
  return {
    ...given,
    name: "endings",
    store: embedded(path),
    processes: 1,
    clients: 4,
    mix: { ...EVERYTHING, put: 1, "put-ttl": 4, get: 8 },
    ttlMs: 300,
    calmMs: [0, 0],
    afterMs: 2_500,
    faults: () => [],
    rules: RULES,
  };
}
