import type { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import type { Settings } from "../../src/ports/settings.ts";
import { settingsSuite } from "../../src/testing/settings-suite.ts";
import { dropKeyspace, uniqueName, withCql } from "../support/stores.ts";

/** Pauses of this process, in milliseconds, and what a test does during the next ones. */
const pauses = vi.hoisted(() => ({ taken: [] as number[], during: [] as (() => Promise<unknown>)[] }));

vi.mock("node:timers/promises", async (importOriginal) => {
  const original = await importOriginal<{ setTimeout: typeof pause }>();
  const setTimeout: typeof pause = async (ms = 0, ...rest) => {
    pauses.taken.push(ms);
    const [done] = await Promise.all([original.setTimeout(ms, ...rest), pauses.during.shift()?.()]);
    return done;
  };
  return { ...original, setTimeout };
});

const servers = inject("servers");

/** Opens the settings of two processes on a new keyspace. */
async function openTwo() {
  const keyspace = uniqueName("test");
  const backends = ["auto", "never"].map((setup) => new CqlBackend({ ...servers.cql, keyspace }, { setup: setup as "auto" | "never", logger: silentLogger }));
  for (const backend of backends) await backend.start();
  const [first, second] = backends as [CqlBackend, CqlBackend];
  return {
    keyspace,
    settings: first.settings,
    others: second.settings,
    async dispose() {
      await Promise.all(backends.map((backend) => backend.stop()));
      await dropKeyspace(servers, keyspace);
    },
  };
}

settingsSuite({ name: "The settings in CQL", create: openTwo });

let opened: Awaited<ReturnType<typeof openTwo>>;
beforeAll(async () => {
  opened = await openTwo();
});
afterAll(() => opened.dispose());
beforeEach(() => {
  pauses.taken.length = 0;
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const NAMES = ["one", "two", "three", "four"];

async function establishEach(settings: Settings, names: readonly string[]): Promise<string[]> {
  const values: string[] = [];
  for (const name of names) values.push(await settings.establish(name, "late"));
  return values;
}

test("a process that finds several new settings waits once until all of them are final, not once for each", async () => {
  await Promise.all(NAMES.map((name) => opened.settings.establish(name, "first")));
  pauses.taken.length = 0;
  expect(await establishEach(opened.others, NAMES)).toEqual(NAMES.map(() => "first"));
  // One pause of 500 ms. Timers that fire a moment early are followed by one of the rest.
  expect(sum(pauses.taken)).toBeLessThan(600);
});

test("an earlier first value that arrives while another setting is waited for replaces the later one, and is waited for itself", async () => {
  const { keyspace, others } = opened;
  // By a clock that is ahead, so that none of them is final, however slow this machine is.
  const write = async (name: string, value: string, aheadMs: number): Promise<void> => {
    const timestamp = 10_000_000_000_000 - (Date.now() + aheadMs);
    await withCql(servers, (client) => client.execute(`INSERT INTO "${keyspace}".settings (name, value) VALUES ('${name}', '${value}') USING TIMESTAMP ${timestamp}`));
  };
  for (const name of ["awaited", "raced"]) await write(name, "late", 600_000);
  pauses.during.push(() => write("raced", "early", 500_000), () => write("raced", "earliest", 400_000));
  expect(await others.establish("awaited", "other")).toBe("late");
  expect(await others.read("raced")).toBe("early");
  expect(await others.establish("raced", "other")).toBe("earliest");
  expect(pauses.during).toEqual([]);
});
