/** A process is killed while it writes; afterwards nothing acknowledged is lost, and vectors are in step with records. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { EmbeddedStoreConfig, ScyllaDBStore, ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { expect } from "vitest";

const WRITER = fileURLToPath(new URL("crash-writer.ts", import.meta.url));

/** Numbers of the writes to one key: the last that was acknowledged, and the last that was begun. */
interface Written {
  acked: number;
  begun: number;
}

/** Runs the writer until `afterAcks` acknowledgements and `delayMs` more, then kills it. */
async function writeUntilKilled(
  config: EmbeddedStoreConfig | ScyllaDBStoreConfig,
  namespace: string,
  written: Map<string, Written>,
  delayMs: number,
): Promise<void> {
  const first = Math.max(0, ...[...written.values()].map(({ begun }) => begun + 1));
  const child = spawn(process.execPath, [WRITER, JSON.stringify(config), namespace, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let timer: NodeJS.Timeout | undefined;
  for await (const line of createInterface(child.stdout)) {
    const [what, key = "", text] = line.split(" ");
    const entry = written.get(key) ?? { acked: -1, begun: -1 };
    if (what === "ack") entry.acked = Number(text);
    else entry.begun = Number(text);
    written.set(key, entry);
    timer ??= setTimeout(() => child.kill("SIGKILL"), delayMs);
  }
  clearTimeout(timer);
  await ended;
  expect(child.signalCode ?? child.exitCode, "the writer must end by the kill, not by itself").toBe("SIGKILL");
}

/** What the namespace holds after a crash must be what was written last, or what was under way. */
async function check(store: ScyllaDBStore, namespace: string, written: ReadonlyMap<string, Written>): Promise<void> {
  await store.reconcile();
  const items = await store.search([namespace], { limit: 100 });
  for (const [key, { acked, begun }] of written) {
    const item = items.find((each) => each.key === key);
    const n = item === undefined ? null : Number(item.value["n"]);
    const possible = Array.from({ length: begun - acked + 1 }, (_, i) => acked + i).map((each) => (each < 0 || each % 5 === 4 ? null : each));
    expect(possible, `${key}: acknowledged ${acked}, begun ${begun}, read ${n}`).toContain(n);
    if (n === null) continue;
    const [best] = await store.search([namespace], { query: `word${n}of${key}`, limit: 1 });
    expect(best?.key, `${key} is found by its own text`).toBe(key);
    expect(best?.score).toBeGreaterThan(0.99);
  }
  const found = await store.search([namespace], { query: "anything", limit: 100 });
  expect(found.map(({ key }) => key).sort(), "ranked and listed are the same items").toEqual(items.map(({ key }) => key).sort());
  expect(found.every(({ score }) => score !== undefined), "every item has its vectors").toBe(true);
}

/** Kills writers `times` times at random moments, and checks after each. */
export async function survivesCrashes(
  config: EmbeddedStoreConfig | ScyllaDBStoreConfig,
  store: ScyllaDBStore,
  namespace: string,
  times: number,
): Promise<void> {
  const written = new Map<string, Written>();
  for (let i = 0; i < times; i += 1) {
    await writeUntilKilled(config, namespace, written, 20 + Math.random() * 200);
    await check(store, namespace, written);
  }
  expect([...written.values()].every(({ acked }) => acked >= 0), "every client wrote something").toBe(true);
}
