/** Reindex while readers and writers are active, and the reindexing process is killed twice. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ReindexProgress, ReindexReport, ScyllaDBStore } from "langgraph-store-scylladb";
import { waitUntil } from "../../servers/wait-until.ts";
import { openReindexed, type DrillPlace } from "./reindex-config.ts";
import type { Log } from "./servers.ts";

/** What the drill found. */
export interface ReindexDrillReport {
  readonly report: ReindexReport;
  /** How often the reindexing process was killed. */
  readonly kills: number;
  /** Searches of the readers before and after the switch. */
  readonly searches: { readonly before: number; readonly after: number };
  /** Searches that failed, were degraded, or missed their item: empty when all is well. */
  readonly faults: readonly string[];
  /** Writes that were acknowledged, and those that are lost, stale or not found by a search afterwards. */
  readonly writes: number;
  readonly lost: readonly string[];
  /** Differences between records and vectors at the end. */
  readonly differences: number;
  readonly reindexMs: number;
}

/** Size and speed of the drill. */
export interface ReindexDrillSize {
  readonly items: number;
  readonly textsPerSecond: number;
}

const PROCESS = fileURLToPath(new URL("./reindex-process.ts", import.meta.url));
const SOURCES = fileURLToPath(new URL("../../support/use-sources.ts", import.meta.url));
const BATCH = 200;
const READERS = 3;
const WRITERS = 3;
/** Items that each writer writes again and again. */
const KEYS = 40;
/** Pause between two operations of a reader or writer, milliseconds: the servers are shared with the reindex. */
const PAUSE_MS = 10;

/** Shares of the fill at which the process is killed. */
const KILLED_AT = [0.01, 0.5];

/** A namespace that Qdrant searches exactly: an approximate search may miss the best item of many similar ones. */
const namespaceOf = (i: number, items: number): string[] => ["static", `n${i % Math.ceil(items / 500)}`];

const textOf = (i: number): string => `memory number${i} about topic${i % 97} with label${i}x`;

/** Runs the drill on a store that does not exist yet. */
export async function reindexUnderLoad(place: DrillPlace, { items, textsPerSecond }: ReindexDrillSize, log: Log): Promise<ReindexDrillReport> {
  const { store: writer } = await openReindexed(place);
  const { store: reader, next } = await openReindexed(place);
  try {
    for (let start = 0; start < items; start += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, items - start) }, (_, i) => start + i);
      await writer.batch(numbers.map((i) => ({ namespace: namespaceOf(i, items), key: `k${i}`, value: { text: textOf(i) } })));
    }
    log(`${items} items are stored`);
    const load = new Load(reader, writer, items, () => next.queryTexts.length > 0);
    const startedAt = Date.now();
    const working = load.run();
    let kills = 0;
    let report: ReindexReport | null = null;
    try {
      for (const killAt of [...KILLED_AT, null]) {
        report = await runProcess(place, textsPerSecond, killAt);
        if (report !== null) break;
        kills += 1;
        log(`The reindexing process was killed (${kills})`);
      }
      if (report === null) throw new Error("The reindexing process did not report.");
      // Readers notice the switch, and go on for a while.
      await waitUntil("the readers to search the next index", async () => load.searches.after > 50);
    } finally {
      load.stop();
      await working;
    }
    const reindexMs = Date.now() - startedAt;
    const lost = await load.lost();
    const { missing, stale, orphaned } = await reader.repair({ dryRun: true });
    return { report, kills, searches: load.searches, faults: load.faults, writes: load.writes, lost, differences: missing + stale + orphaned, reindexMs };
  } finally {
    await Promise.all([reader.stop(), writer.stop()]);
  }
}

/** Runs the reindexing process. Returns its report; null when it was killed, at a share of the fill. */
async function runProcess(place: DrillPlace, textsPerSecond: number, killAt: number | null): Promise<ReindexReport | null> {
  const child = spawn(process.execPath, ["--import", SOURCES, PROCESS, JSON.stringify({ place, textsPerSecond })], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let report: ReindexReport | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const message = JSON.parse(line) as { readonly progress?: ReindexProgress; readonly report?: ReindexReport };
    report = message.report ?? report;
    const { progress } = message;
    if (killAt !== null && progress?.phase === "fill" && (progress.done ?? 0) >= killAt) child.kill("SIGKILL");
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  if (signal === "SIGKILL") return null;
  if (code !== 0 || report === null) throw new Error(`The reindexing process ended with code ${code}.`);
  return report;
}

/** Readers that search for items that do not change, and writers that replace and delete their own. */
class Load {
  readonly faults: string[] = [];
  readonly searches = { before: 0, after: 0 };
  writes = 0;
  readonly #reader: ScyllaDBStore;
  readonly #writer: ScyllaDBStore;
  readonly #items: number;
  readonly #isSwitched: () => boolean;
  /** Text of each written item; null for a deleted one. */
  readonly #expected = new Map<string, string | null>();
  #isOn = true;

  constructor(reader: ScyllaDBStore, writer: ScyllaDBStore, items: number, isSwitched: () => boolean) {
    this.#reader = reader;
    this.#writer = writer;
    this.#items = items;
    this.#isSwitched = isSwitched;
  }

  async run(): Promise<void> {
    const readers = Array.from({ length: READERS }, (_, i) => this.#read(i));
    const writers = Array.from({ length: WRITERS }, (_, i) => this.#write(i));
    await Promise.all([...readers, ...writers]);
  }

  stop(): void {
    this.#isOn = false;
  }

  /** Items whose last write is not what is read and found, with the reason. */
  async lost(): Promise<string[]> {
    const lost: string[] = [];
    for (const [key, text] of this.#expected) {
      const namespace = ["live", key.split("-")[0] ?? ""];
      const item = await this.#reader.get(namespace, key);
      if ((item?.value["text"] ?? null) !== text) lost.push(`${key} is ${JSON.stringify(item?.value)} instead of ${text}`);
      const found = await this.#reader.search(namespace, { query: text ?? key, limit: KEYS });
      const hit = found.find((each) => each.key === key);
      // Another text may have the same vector.
      const isBest = hit?.score !== undefined && hit.score >= (found[0]?.score ?? 0) - 1e-6;
      if (text === null ? hit !== undefined : !isBest) lost.push(`${key} (${text}) is ${hit === undefined ? "not found" : `found with ${hit.score} behind ${found[0]?.key}`}`);
    }
    return lost;
  }

  async #read(reader: number): Promise<void> {
    for (let i = reader; this.#isOn; i += READERS * 31) {
      const number = i % this.#items;
      try {
        const found = await this.#reader.search(namespaceOf(number, this.#items), { query: textOf(number), limit: 3 });
        if (found.info.degraded) this.faults.push(`search ${number} was degraded: ${found.info.reason}`);
        if (found[0]?.key !== `k${number}`) this.faults.push(`search ${number} found ${found[0]?.key}`);
      } catch (error) {
        this.faults.push(`search ${number} failed: ${String(error)}`);
      }
      this.searches[this.#isSwitched() ? "after" : "before"] += 1;
      await pause();
    }
  }

  async #write(writer: number): Promise<void> {
    for (let i = 0; this.#isOn; i += 1) {
      const key = `w${writer}-${i % KEYS}`;
      const namespace = ["live", `w${writer}`];
      const text = i % 9 === 8 ? null : `writer${writer} says sentence${i} to key${i % KEYS}`;
      try {
        await (text === null ? this.#writer.delete(namespace, key) : this.#writer.put(namespace, key, { text }));
        this.#expected.set(key, text);
        this.writes += 1;
      } catch (error) {
        this.faults.push(`write ${key} failed: ${String(error)}`);
      }
      await pause();
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
