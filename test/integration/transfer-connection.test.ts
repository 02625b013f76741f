/** Export, import and erase whose connection to the servers is lost half-way: the position, what was done, and the command that continues. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { afterAll, beforeAll, inject, test } from "vitest";
import { cli, cliJson, type CliResult } from "../support/cli.ts";
import { dropAtEnd } from "../support/drop-at-end.ts";
import { PATIENT_FLAGS } from "../support/patient.ts";
import { patientConfig, uniqueName } from "../support/stores.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";

const servers = inject("servers");
const embedder = new URL("../support/cli-embeddings.ts", import.meta.url).pathname;
const ITEMS = 600;
const drop = dropAtEnd(servers);
/** Stops stores and proxies. */
const stops: (() => Promise<void>)[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "connection-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  for (const stop of stops) await stop();
});

/** A connection through a proxy, which the test cuts and restores at the same port. */
class CutConnection {
  readonly #target: { readonly host: string; readonly port: number };
  #proxy: TcpProxy;
  #isCut = false;

  private constructor(target: { readonly host: string; readonly port: number }, proxy: TcpProxy) {
    this.#target = target;
    this.#proxy = proxy;
    stops.push(async () => {
      if (!this.#isCut) await this.cut();
    });
  }

  static async to(address: string): Promise<CutConnection> {
    const [host = "", port = "9042"] = address.split(":");
    const target = { host, port: Number(port) };
    return new CutConnection(target, await TcpProxy.start(target));
  }

  get port(): number {
    return this.#proxy.port;
  }

  /** Delays each response, so that a command takes long enough to be caught in the middle. */
  slowDown(ms: number): void {
    this.#proxy.impose({ kind: "latency", ms });
  }

  cut(): Promise<void> {
    this.#isCut = true;
    return this.#proxy.stop();
  }

  async restore(): Promise<void> {
    this.#proxy = await TcpProxy.start(this.#target, this.#proxy.port);
    this.#isCut = false;
  }
}

interface Place {
  /** Connected directly. */
  readonly store: ScyllaDBStore;
  /** Of commands that connect through the proxies. */
  readonly flags: readonly string[];
  readonly cql: CutConnection;
  readonly qdrant: CutConnection;
}

/** Opens a store until the end of the file. */
async function open(): Promise<Place> {
  const keyspace = uniqueName("cut");
  drop(keyspace);
  const store = await ScyllaDBStore.connect({ ...patientConfig(servers, keyspace), index: { dims: 64, embeddings: (await import("../support/cli-embeddings.ts")).default, fields: ["text"] } });
  stops.push(() => store.stop());
  const [contactPoint = ""] = servers.cql.contactPoints;
  const records = await CutConnection.to(contactPoint);
  const vectors = await CutConnection.to(new URL(servers.qdrant.url).host);
  const options: Readonly<Record<string, string | undefined>> = {
    "cql.contactPoints": `127.0.0.1:${records.port}`,
    "cql.localDataCenter": servers.cql.localDataCenter,
    "cql.keyspace": keyspace,
    "cql.credentials.username": servers.cql.credentials?.username,
    "cql.credentials.password": servers.cql.credentials?.password,
    "qdrant.url": `http://127.0.0.1:${vectors.port}`,
    "qdrant.apiKey": servers.qdrant.apiKey,
    "index.dims": "64",
    "index.fields": "text",
    // A cut connection is refused, so that a write that cannot reach the servers fails soon nevertheless.
    ...PATIENT_FLAGS,
  };
  const set = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : ["--set", `${name}=${value}`]));
  return { store, cql: records, qdrant: vectors, flags: [...set, "--embeddings", embedder, "--log-level", "silent"] };
}

async function fill(store: ScyllaDBStore, text: string): Promise<void> {
  for (let start = 0; start < ITEMS; start += 100) {
    await store.batch(Array.from({ length: 100 }, (_, i) => ({ namespace: ["many", String(i % 7)], key: `k${start + i}`, value: { text: `memory ${i % 5}`, long: text } })));
  }
}

/** Lines of an export without the time of its header. */
async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).replace(/"exportedAt":"[^"]+"/, "").trim().split("\n");
}

/** Runs the command that an interrupted one printed. */
function continued({ errors }: CliResult): Promise<CliResult> {
  return cli((/continue with: scylladb-store (.*)/.exec(errors)?.[1] ?? `no command in: ${errors}`).split(" "));
}

// All at the same time: each waits for its slow connection most of the time.
test.concurrent("an export that loses the records half-way exits with 3 and its position, and the command that it prints makes it equal to an undisturbed one", async ({ expect }) => {
  const { store, flags, cql } = await open();
  await fill(store, "x".repeat(30_000));
  const [file, undisturbed] = [join(folder, "cut.jsonl"), join(folder, "undisturbed.jsonl")];
  await store.exportTo(undisturbed);
  cql.slowDown(100);
  const running = cli(["export", file, ...flags]);
  await expect.poll(() => existsSync(`${file}.part.json`), { interval: 5 }).toBe(true);
  await cql.cut();
  const stopped = await running;
  expect(stopped).toMatchObject({ code: 3, output: "", errors: expect.stringMatching(/When the cause is fixed, continue with: .*--resume\n/) as string });
  const { items = "" } = /The export stopped after (?<items>\d+) items: .* The exported items are in .*cut\.jsonl\.part\. Continue with resume/.exec(stopped.errors)?.groups ?? {};
  // Every item that was read is in the file.
  expect((await linesOf(`${file}.part`)).length).toBe(Number(items) + 1);
  expect(existsSync(file)).toBe(false);
  await cql.restore();
  expect(await continued(stopped)).toMatchObject({ code: 0, output: expect.stringMatching(/items +600/) as string });
  expect(await linesOf(file)).toEqual(await linesOf(undisturbed));
});

test.concurrent("an import that loses the records half-way exits with 3 and the first line that is missing, and the command that it prints imports the rest", async ({ expect }) => {
  const [from, to] = [await open(), await open()];
  const [file, copy] = [join(folder, "items.jsonl"), join(folder, "copy.jsonl")];
  await fill(from.store, "short");
  await from.store.exportTo(file);
  to.cql.slowDown(100);
  const running = cli(["import", file, ...to.flags]);
  await expect.poll(() => to.store.count([])).toBeGreaterThanOrEqual(100);
  await to.cql.cut();
  const stopped = await running;
  expect(stopped).toMatchObject({ code: 3, output: "", errors: expect.stringContaining("What was imported stays. When the cause is fixed, continue with: scylladb-store import ") as string });
  const { line = "", written = "" } = /The import stopped at line (?<line>\d+): .* (?<written>\d+) items were written and stay; \d+ were stored already\. Import again/.exec(stopped.errors)?.groups ?? {};
  const before = await to.store.count([]);
  expect(before).toBeGreaterThanOrEqual(Number(written));
  // All lines before it are stored; line 1 is the header.
  const lines = await linesOf(file);
  const ids = lines.slice(1, Number(line) - 1).map((text) => JSON.parse(text) as { namespace: string[]; key: string });
  const stored = await Promise.all(ids.map(({ namespace, key }) => to.store.get(namespace, key)));
  expect(stored.filter((item) => item === null)).toEqual([]);
  await to.cql.restore();
  const done = await continued(stopped);
  expect(done).toMatchObject({ code: 0, output: expect.stringMatching(/items +600/) as string });
  await to.store.exportTo(copy);
  expect((await linesOf(copy)).toSorted()).toEqual(lines.toSorted());
  await to.store.reconcile();
  expect(await to.store.repair({ dryRun: true })).toMatchObject({ examined: ITEMS, missing: 0, stale: 0, orphaned: 0, unlisted: 0 });
});

test.concurrent("an import that loses the vectors half-way stores every item, says how many have no vectors yet, and reconcile writes them", async ({ expect }) => {
  const [from, to] = [await open(), await open()];
  const file = join(folder, "no-vectors.jsonl");
  await fill(from.store, "short");
  await from.store.exportTo(file);
  to.qdrant.slowDown(100);
  const running = cli(["import", file, ...to.flags]);
  await expect.poll(() => to.store.count([])).toBeGreaterThanOrEqual(100);
  await to.qdrant.cut();
  const done = await running;
  expect(done).toMatchObject({ code: 1, output: expect.stringMatching(/imported +600/) as string, errors: expect.stringMatching(/[1-9]\d* items are stored without their vectors\. .* scylladb-store reconcile\n/) as string });
  await to.qdrant.restore();
  await expect.poll(async () => (await cli(["reconcile", ...to.flags])).code).toBe(0);
  expect(await to.store.repair({ dryRun: true })).toMatchObject({ examined: ITEMS, missing: 0, stale: 0, orphaned: 0, unlisted: 0 });
});

test.concurrent("an erase that loses the records half-way says what it erased, and the command that it prints completes it", async ({ expect }) => {
  const { store, flags, cql } = await open();
  await fill(store, "short");
  cql.slowDown(100);
  const running = cli(["erase", "--prefix", "many", "--yes", ...flags]);
  await expect.poll(() => store.count([])).toBeLessThan(ITEMS);
  await cql.cut();
  const stopped = await running;
  expect(stopped).toMatchObject({ code: 3, output: "", errors: expect.stringMatching(/What was erased stays erased\. When the cause is fixed, continue with: scylladb-store erase --prefix many --yes/) as string });
  await cql.restore();
  expect(await continued(stopped)).toMatchObject({ code: 0, output: expect.stringMatching(/complete +true/) as string });
  expect(await store.count([])).toBe(0);
  expect(await cliJson(["count", ...flags])).toMatchObject({ items: 0 });
});
