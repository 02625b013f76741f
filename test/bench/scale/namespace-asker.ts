/** Asks above many namespaces, in a process of its own, which has done nothing else: its memory is that of a store that serves. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { embeddings, INDEX, memory } from "../corpus.ts";
import { measure } from "../measure.ts";
import type { Call } from "../system.ts";
import { prefixOf, type NamespaceTarget, type Shape } from "./namespaces.ts";

const PROGRAM = fileURLToPath(import.meta.url);
const SOURCES = fileURLToPath(new URL("../../support/use-sources.ts", import.meta.url));
const HEAP = ["--max-semi-space-size=16", "--max-old-space-size=160"];

/** Items that a filter may pass over, and that a degraded search ranks: so many are read at any size from the smallest on. */
const BOUND = 1_000;

/** Clients that ask beside each other for the memory that it takes. */
const CLIENTS = 8;

/** What one question came to. */
interface NamespaceAnswer {
  readonly question: string;
  /** Time of a call of a single client, milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What all questions came to. */
export interface NamespaceAnswers {
  readonly answers: readonly NamespaceAnswer[];
  /** Resident memory of the process before the first question and the most after any of eight clients, megabytes. */
  readonly rssBeforeMb: number;
  readonly rssMb: number;
}

/** Starts a process, has it ask every question for so long, and ends it. */
export function askOfNamespaces(target: NamespaceTarget, shape: Shape, forMs: number): Promise<NamespaceAnswers> {
  const child = fork(PROGRAM, [JSON.stringify({ target, shape, forMs })], { execArgv: [...HEAP, "--import", SOURCES] });
  return new Promise((resolve, reject) => {
    let answers: NamespaceAnswers | null = null;
    child.once("error", reject);
    child.once("message", (message) => {
      answers = message as NamespaceAnswers;
    });
    child.once("exit", (code) => {
      if (code === 0 && answers !== null) resolve(answers);
      else reject(new Error(`The process that asks above many namespaces ended with ${code}`));
    });
  });
}

function questionsOf(shape: Shape, store: ScyllaDBStore, degraded: ScyllaDBStore): Readonly<Record<string, Call>> {
  const prefix = prefixOf(shape);
  return {
    "search": () => store.search(prefix, { limit: 10 }),
    "search from the root": () => store.search([], { limit: 10 }),
    "search with a filter that matches nothing": () => store.search(prefix, { limit: 10, filter: { absent: 1 } }),
    "ranked search with fewer hits than limit": () => store.search(prefix, { limit: 10, query: "topic1 note" }),
    "degraded search": () => degraded.search(prefix, { limit: 10, query: "topic1 note" }),
    "listNamespaces without prefix": () => store.listNamespaces(),
    "listNamespaces, maxDepth 1": () => store.listNamespaces({ maxDepth: 1, limit: 10 }),
    "listNamespaces by suffix": () => store.listNamespaces({ suffix: ["memories"], limit: 10 }),
  };
}

async function open(target: NamespaceTarget, isDegraded: boolean): Promise<ScyllaDBStore> {
  const { dims, fields } = INDEX;
  // Refused for good: what passes would be tried again, and its pauses measured.
  const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error("no provider"), { status: 401 }));
  const failing = { embedQuery: refuse, embedDocuments: refuse };
  const limits = { maxScannedItems: BOUND, maxKeywordCandidates: BOUND };
  const index = { dims, fields, embeddings: isDegraded ? Object.assign(embeddings(), failing) : embeddings() };
  return "path" in target
    ? ScyllaDBStore.embedded({ path: target.path, index, limits })
    : ScyllaDBStore.connect({ ...target.servers, index, limits });
}

async function askAll(target: NamespaceTarget, shape: Shape, forMs: number): Promise<NamespaceAnswers> {
  const store = await open(target, false);
  const degraded = await open(target, true);
  const rssBeforeMb = process.memoryUsage.rss() / 1e6;
  // The only vectors there are, and one item without any.
  for (const n of [1, 2, 3]) await store.put([...prefixOf(shape), `hit-${n}`], "item", memory(n));
  await store.put([...prefixOf(shape), "plain"], "item", memory(4), false);
  const answers: NamespaceAnswer[] = [];
  let rssMb = 0;
  for (const [question, call] of Object.entries(questionsOf(shape, store, degraded))) {
    await measure(call, { clients: 1, itemsPerCall: 1, forMs: forMs / 4, from: 0 });
    const { p50Ms, p99Ms } = await measure(call, { clients: 1, itemsPerCall: 1, forMs, from: 0 });
    const many = await measure(call, { clients: CLIENTS, itemsPerCall: 1, forMs: forMs / 2, from: 0 });
    rssMb = Math.max(rssMb, many.rssMb);
    answers.push({ question, p50Ms, p99Ms });
  }
  await degraded.stop();
  await store.stop();
  return { answers, rssBeforeMb, rssMb };
}

if (process.send !== undefined && process.argv[1] === PROGRAM) {
  const { target, shape, forMs } = JSON.parse(process.argv[2] ?? "") as { target: NamespaceTarget; shape: Shape; forMs: number };
  const answers = await askAll(target, shape, forMs);
  process.send(answers, () => process.disconnect());
}
