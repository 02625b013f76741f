/** Warms the servers before the measurements. */
import type { CaseName } from "./cases.ts";
import type { WorkerProcess } from "./worker-process.ts";

/**
 * Java compiles what is called often, in the background, beside two busy cores: what Cassandra spends on a put fell from 0.31 to 0.09 ms
 * within half a minute of puts, on a search from 1.8 to 0.3. Each kind of statement has its own path.
 */
const WARM_SECONDS: Readonly<Partial<Record<CaseName, number>>> = {
  "put-plain-100": 30,
  "search-namespace-8": 15,
  "filter-first-page": 10,
  "get-100": 5,
  "list-namespaces": 5,
};

/**
 * Runs each kind of call on every worker that uses Cassandra: about a minute for each.
 *
 * @param share - of that time; versions that alternate need less, because what is not yet compiled slows both
 */
export async function warm(workers: readonly WorkerProcess[], share: number, log: (line: string) => void): Promise<void> {
  for (const worker of workers.filter(({ name }) => name === "servers" || name === "raw")) {
    log(`${worker.name}: warming the servers`);
    for (const [name, seconds] of Object.entries(WARM_SECONDS)) await worker.run(name as CaseName, seconds * share * 1_000);
  }
}
