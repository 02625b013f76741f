/**
 * Makes calls at the limits on one store in a process with a small heap, and prints a JSON line of measurements for each.
 * Configuration, seed and number of calls are JSON in the first argument.
 */
import fc from "fast-check";
import { ScyllaDBStore, type EmbeddedStoreConfig, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { TcpProxy } from "../tcp-proxy.ts";
import { callsOfOutage, everyCall, limitCall, type LimitCall } from "./calls.ts";
import { allowedMs, measure } from "./measure.ts";

/** Input of the process. */
export interface LimitRun {
  readonly config: ScyllaDBStoreConfig | EmbeddedStoreConfig;
  readonly seed: number;
  /** Number of random calls. */
  readonly drawn: number;
  /** Whether one call for each kind of input runs first. */
  readonly every: boolean;
  /** Time in milliseconds after which no further random call starts. */
  readonly forMs: number;
  /** Runs the calls of an outage instead: puts, then searches while the vector index does not answer. */
  readonly outage?: boolean;
}

/** Measurements of one call. */
export interface LimitReport {
  readonly name: string;
  readonly blockedMs: number;
  readonly allowedMs: number;
  readonly grownBytes: number;
  /** Code of the error; "ok" for a result, "untyped: …" for an error without a code. */
  readonly outcome: string;
}

/** Vectors of negligible cost for texts of any length. */
const embeddings = {
  embedDocuments: (texts: string[]): Promise<number[][]> => Promise.resolve(texts.map((text) => vectorOf(text))),
  embedQuery: (text: string): Promise<number[]> => Promise.resolve(vectorOf(text)),
};

function vectorOf(text: string): number[] {
  return Array.from({ length: 8 }, (_, i) => Math.sin(text.length + i) + 1.1);
}

function outcomeOf(outcome: PromiseSettledResult<unknown>): string {
  if (outcome.status === "fulfilled") return "ok";
  const { name, code, message } = outcome.reason as Error & { readonly code?: unknown };
  if (name === "InvalidNamespaceError") return name;
  return typeof code === "string" && code === code.toUpperCase() ? code : `untyped: ${name} ${message}`;
}

/** Input and result of a call as stored JSON; "null" if unknown. */
function textOf(given: unknown, outcome: PromiseSettledResult<unknown>): string {
  const got = outcome.status === "fulfilled" ? outcome.value : null;
  return JSON.stringify([given, got], (_, value: unknown) => {
    if (typeof value === "bigint") return { "~bigint": `${value}` };
    if (value instanceof Map) return { "~map": [...(value as Iterable<unknown>)] };
    return value instanceof Uint8Array ? { "~bytes": Buffer.from(value).toString("base64") } : value;
  });
}

/**
 * Repeats a call that takes too long, because shared caches and garbage of earlier calls slow any work
 * occasionally.
 */
const MOST_TRIES = 3;

async function report(store: ScyllaDBStore, call: LimitCall): Promise<void> {
  let line = await reportOf(store, call);
  for (let tries = 1; line.blockedMs > line.allowedMs && tries < MOST_TRIES; tries += 1) {
    const again = await reportOf(store, call);
    if (again.blockedMs / again.allowedMs < line.blockedMs / line.allowedMs) line = again;
  }
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function reportOf(store: ScyllaDBStore, call: LimitCall): Promise<LimitReport> {
  const { texts, ...line } = await measuredCall(store, call);
  return { ...line, allowedMs: Math.round(allowedMs(texts)) };
}

/** Makes a call. Its result is not kept: it and the copy that measures its JSON do not fit into the heap together. */
async function measuredCall(store: ScyllaDBStore, call: LimitCall): Promise<Omit<LimitReport, "allowedMs"> & { readonly texts: readonly (string | null)[] }> {
  const { name, given } = call;
  // If the process does not survive it.
  process.stderr.write(`${name}\n`);
  const { blockedMs, grownBytes, largestRead, outcome } = await measure(() => call.run(store));
  return { name, blockedMs: Math.round(blockedMs), grownBytes, outcome: outcomeOf(outcome), texts: [textOf(given, outcome), largestRead] };
}

const index = { dims: 8, embeddings };

async function open(config: LimitRun["config"]): Promise<ScyllaDBStore> {
  const store = await ("cql" in config ? ScyllaDBStore.connect({ ...config, index }) : ScyllaDBStore.embedded({ ...config, index }));
  await store.start();
  // Compile the code before the measurement.
  for (let i = 0; i < 20; i += 1) {
    await store.put(["warm"], `${i}`, { text: "word", i });
    await store.search(["warm"], { query: "word", filter: { i } });
  }
  return store;
}

async function runCalls({ config, every, drawn, seed, forMs }: LimitRun): Promise<void> {
  const store = await open(config);
  const until = performance.now() + forMs;
  if (every) for (const make of everyCall()) await report(store, make());
  for (let left = drawn; left > 0 && performance.now() < until; left -= 1) {
    const [call] = fc.sample(limitCall, { numRuns: 1, seed: seed + left });
    if (call !== undefined) await report(store, call);
  }
  await store.stop();
}

async function runOutage({ config }: LimitRun): Promise<void> {
  if (!("cql" in config) || config.qdrant === undefined) throw new Error("Only the index of servers can be lost while the store is open.");
  const { hostname: host, port } = new URL(config.qdrant.url);
  const network = await TcpProxy.start({ host, port: Number(port) });
  const store = await open({ ...config, qdrant: { ...config.qdrant, url: `http://127.0.0.1:${network.port}` } });
  const { before, during } = callsOfOutage();
  for (const make of before) await report(store, make());
  await network.stop();
  for (const make of during) await report(store, make());
  await store.stop();
}

const run = JSON.parse(process.argv[2] ?? "") as LimitRun;
await (run.outage === true ? runOutage(run) : runCalls(run));
process.stdout.write(`${JSON.stringify({ done: true })}\n`);
