/** Opens a store in a history process, optionally with a wrong clock or from a copy of the sources. */
import { pathToFileURL } from "node:url";
import { setTimeout as pause } from "node:timers/promises";
import type * as Sources from "../../../src/index.ts";
import type * as Testing from "../../../src/testing/embeddings.ts";
import type { ClockFault, ProcessConfig } from "./config.ts";
import { TextLimit } from "./rejections.ts";

/** State of the embedding provider. */
export type ProviderState = "up" | "down" | "slow";

/** An open store with its helpers. */
export interface OpenStore {
  readonly store: Sources.ScyllaDBStore;
  readonly isStoreError: typeof Sources.isStoreError;
  readonly setProvider: (state: ProviderState) => void;
}

/** Latency of the slow provider in milliseconds. */
const SLOW_MS = 2_000;

/** Latency of the provider with hostile users, in milliseconds. */
const ANSWER_MS = 5;

/** Number of failed starts that exceeds the duration of any fault. */
const MOST_STARTS = 10;

/** Opens the store; the clock is set before the store is imported. */
export async function openStore({ sources, store, clock, hostile }: ProcessConfig): Promise<OpenStore> {
  setClock(clock ?? {});
  const { ScyllaDBStore, isStoreError } = (await import(pathToFileURL(`${sources}/index.ts`).href)) as typeof Sources;
  const { HashEmbeddings } = (await import(pathToFileURL(`${sources}/testing/embeddings.ts`).href)) as typeof Testing;
  let provider: ProviderState = "up";
  const limit = hostile === undefined ? null : new TextLimit(hostile.maxTextChars);
  const answer = async (texts: readonly string[]): Promise<void> => {
    // Texts of different users share a call only if calls take time.
    if (limit !== null) await pause(ANSWER_MS);
    limit?.check(texts);
    if (provider === "slow") await pause(SLOW_MS);
    if (provider === "down") throw new Error("the provider is down");
  };
  class Provider extends HashEmbeddings {
    override async embedDocuments(texts: string[]): Promise<number[][]> {
      await answer(texts);
      return super.embedDocuments(texts);
    }

    override async embedQuery(text: string): Promise<number[]> {
      await answer([text]);
      return super.embedQuery(text);
    }
  }
  const index = { dims: 64, embeddings: new Provider(), fields: ["text"] };
  const open = (): Promise<Sources.ScyllaDBStore> =>
    store.kind === "servers"
      ? ScyllaDBStore.connect({ ...store.options, index })
      : ScyllaDBStore.embedded({ ...store.options, index });
  return {
    store: await supervised(open, isStoreError),
    isStoreError,
    setProvider: (state) => {
      provider = state;
    },
  };
}

/** Repeats a start that fails while the database is down, as a supervisor does. */
async function supervised<T>(start: () => Promise<T>, isStoreError: typeof Sources.isStoreError): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (!isStoreError(error) || !error.retryable || attempt === MOST_STARTS) throw error;
    }
  }
}

/** Shifts the clock, or makes it coarse so that processes often draw equal timestamps. */
function setClock({ skewMs = 0, tickMs = 1 }: ClockFault): void {
  if (skewMs === 0 && tickMs === 1) return;
  const now = Date.now.bind(Date);
  Date.now = () => Math.floor((now() + skewMs) / tickMs) * tickMs;
  // The source of the microseconds of a version.
  const uptime = performance.now.bind(performance);
  if (tickMs > 1) Object.defineProperty(performance, "now", { value: () => Math.floor(uptime()) });
}
