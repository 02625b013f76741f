/** Makes the calls in a separate process, so that its memory is that of a serving store. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { INDEX } from "../corpus.ts";
import { waitUntil } from "../../servers/wait-until.ts";
import { settled } from "../qdrant-status.ts";
import { askAll, type Answered } from "./questions.ts";

const PROGRAM = fileURLToPath(import.meta.url);
const SOURCES = fileURLToPath(new URL("../../support/use-sources.ts", import.meta.url));

/**
 * A bounded heap, as in a container. Without bounds Node collects so rarely that 470 to 550 MB were resident, of which
 * 45 were live.
 */
const HEAP = ["--max-semi-space-size=16", "--max-old-space-size=160"];

/** Timeout for Qdrant's indexing in milliseconds. */
export const SETTLE_MS = 30 * 60_000;

/** Store options that JSON can express. */
export interface ScaleConfig {
  readonly cql: ScyllaDBStoreConfig["cql"];
  readonly qdrant: { readonly url: string; readonly collection: string };
}

/** Starts a process that makes every call for the given time, and stops it. */
export function askInOwnProcess(config: ScaleConfig, forMs: number): Promise<Answered[]> {
  const child = fork(PROGRAM, [JSON.stringify({ config, forMs })], {
    execArgv: [...HEAP, "--import", SOURCES],
  });
  return new Promise((resolve, reject) => {
    let answers: Answered[] | null = null;
    child.once("error", reject);
    child.once("message", (message) => {
      answers = message as Answered[];
    });
    child.once("exit", (code) => {
      if (code === 0 && answers !== null) resolve(answers);
      else reject(new Error(`The process that asks the questions ended with ${code}`));
    });
  });
}

if (process.send !== undefined && process.argv[1] === PROGRAM) {
  const { config, forMs } = JSON.parse(process.argv[2] ?? "") as { config: ScaleConfig; forMs: number };
  const store = await ScyllaDBStore.connect({ ...config, index: INDEX });
  // The loading process left intents of its last seconds. Reconciling them would slow the calls that run at that time.
  const areSettled = async (): Promise<boolean> => (await store.reconcile()).settled === 0;
  await waitUntil("the intents of the load to be reconciled", areSettled, { timeoutMs: SETTLE_MS });
  const { url, collection } = config.qdrant;
  const answers = await askAll(store, forMs, () => settled(url, collection, SETTLE_MS));
  await store.stop();
  process.send(answers, () => process.disconnect());
}
