/** Asks the questions in a process of its own, which has done nothing else: its memory is that of a store that serves. */
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
 * A heap with bounds, as in a container: without them Node collects so seldom that 470 to 550 MB were resident of which
 * 45 were in use.
 */
const HEAP = ["--max-semi-space-size=16", "--max-old-space-size=160"];

/** Longest wait for Qdrant to have built its graphs, milliseconds. */
export const SETTLE_MS = 30 * 60_000;

/** What a store is connected with, as text can carry it. */
export interface ScaleConfig {
  readonly cql: ScyllaDBStoreConfig["cql"];
  readonly qdrant: { readonly url: string; readonly collection: string };
}

/** Starts a process, has it ask every question for so long, and ends it. */
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
  // The process that loaded left notes of its last seconds behind; seeing to them would stand beside whichever question is
  // asked when they fall due.
  const areSettled = async (): Promise<boolean> => (await store.reconcile()).settled === 0;
  await waitUntil("the intents of the load to be reconciled", areSettled, { timeoutMs: SETTLE_MS });
  const { url, collection } = config.qdrant;
  const answers = await askAll(store, forMs, () => settled(url, collection, SETTLE_MS));
  await store.stop();
  process.send(answers, () => process.disconnect());
}
