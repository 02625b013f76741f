/** Users who make only invalid calls on a shared store. Their outcomes are compared with the required ones. */
import type { isStoreError, ScyllaDBStore, StoreEventType } from "../../../src/index.ts";
import { ATTACKS, codeOf, type AttackName, type Target } from "./attacks.ts";
import type { ClientConfig } from "./config.ts";
import { Random } from "./random.ts";
import type { Recorder } from "./recorder.ts";

/** Name of the fact that reports the attacks of a process and their outcomes. */
export const HOSTILE_FACT = "hostile";

/** Report on the hostile users of a process. */
export interface HostileFact {
  /** Number of calls, or bursts of calls, of each kind. */
  readonly attacks: Readonly<Record<AttackName, number>>;
  /** Number of calls that a rate limit refused. */
  readonly rateLimited: number;
  /** The first unexpected outcomes. */
  readonly unexpected: readonly string[];
  /** Number of refused reloads, and of those that reached a listener registered after the hostile ones. */
  readonly refusedReloads: number;
  readonly heardReloads: number;
  /** Number of emissions of each event. */
  readonly events: Readonly<Partial<Record<StoreEventType, number>>>;
  /** Circuits that were open at the end. */
  readonly openCircuits: readonly string[];
}

const MOST_UNEXPECTED = 20;

interface HostileParts {
  readonly store: ScyllaDBStore;
  readonly isStoreError: typeof isStoreError;
  readonly config: ClientConfig;
  readonly recorder: Recorder;
  readonly isStopped: () => boolean;
}

/** Runs the hostile users until they are stopped, and records their outcomes. */
export async function beHostile(parts: HostileParts): Promise<void> {
  const { config, store, isStoreError: isOwn, recorder, isStopped } = parts;
  const attacks = Object.fromEntries(Object.keys(ATTACKS).map((name) => [name, 0])) as Record<AttackName, number>;
  const unexpected: string[] = [];
  const counts = { rateLimited: 0, refusedReloads: 0, heardReloads: 0 };
  addListeners(store);
  store.on("config-refused", () => (counts.heardReloads += 1));
  const work = async (user: number): Promise<void> => {
    const random = new Random(`${config.seed} ${config.name} hostile ${user}`);
    const target: Target = { store, isStoreError: isOwn, random, counts, namespace: ["hostile", `${config.name}u${user}`] };
    while (!isStopped()) {
      for (const name of random.shuffled(Object.keys(ATTACKS) as AttackName[])) {
        attacks[name] += 1;
        await ATTACKS[name](target).catch((error: unknown) => {
          if (unexpected.length < MOST_UNEXPECTED) unexpected.push(`${name}: ${textOf(error)}`);
        });
      }
    }
    await deleteAll(target);
  };
  await Promise.all(Array.from({ length: config.hostile?.users ?? 0 }, (_, user) => work(user)));
  const { records, vectors, embeddings, events } = await store.health();
  const openCircuits = Object.entries({ records, vectors, embeddings })
    .filter(([, service]) => service !== null && service.breaker !== null && service.breaker !== "closed")
    .map(([name]) => name);
  recorder.fact(HOSTILE_FACT, { attacks, unexpected, ...counts, events, openCircuits } satisfies HostileFact);
}

/** Registers listeners that throw or reject before all other listeners of an event. */
function addListeners(store: ScyllaDBStore): void {
  for (const type of ["config-refused", "search-degraded", "breaker-opened", "vector-sync-failed"] as const) {
    store.on(type, () => {
      throw new Error("a listener that throws");
    });
    store.on(type, () => Promise.reject(new Error("a listener that rejects")));
  }
}

/** Deletes the items of hostile users, so that only those of the others remain. */
async function deleteAll({ store, isStoreError: isOwn, namespace }: Target): Promise<void> {
  for (const { key } of await store.search(namespace, { limit: 100 })) {
    // Without a scope, so that no rate limit applies.
    await store.delete(namespace, key).catch((error: unknown) => {
      throw new Error(`cannot delete ${key}: ${codeOf(isOwn, error)}`, { cause: error });
    });
  }
}

function textOf(error: unknown): string {
  return (error instanceof Error ? (error.stack ?? error.message) : String(error)).slice(0, 600);
}
