/** A load of puts and gets that runs during a change of the store. */
import type { BaseStore } from "@langchain/langgraph-checkpoint";

/** Result of a load. */
export interface LoadOutcome {
  readonly done: number;
  readonly failures: readonly string[];
}

const KEYS = 25;

/** Repeatedly puts and reads items, each worker in its own namespace. @returns a function that stops the load */
export function startLoad(store: BaseStore, root: string, workers = 12): () => Promise<LoadOutcome> {
  let isOn = true;
  let done = 0;
  const failures: string[] = [];
  const work = async (_: unknown, worker: number): Promise<void> => {
    const namespace = [root, `worker-${worker}`];
    for (let i = 0; isOn; i += 1) {
      const key = String(i % KEYS);
      try {
        await store.put(namespace, key, { text: `item ${i}`, i });
        const read = await store.get(namespace, key);
        if (read?.value["i"] !== i) failures.push(`read ${JSON.stringify(read?.value)} after putting ${i}`);
        done += 2;
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const working = Promise.all(Array.from({ length: workers }, work));
  return async () => {
    isOn = false;
    await working;
    return { done, failures };
  };
}
