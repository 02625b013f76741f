import { Client, type QueryOptions, types } from "cassandra-driver";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { CqlBackend } from "../../src/backends/cql/index.ts";
import { fnv1a } from "../../src/backends/cql/hash.ts";
import { CqlOutbox } from "../../src/backends/cql/outbox.ts";
import { LEASE_MS, EMPTY_FOR_MS, REMOVAL_AGE_MS } from "../../src/backends/cql/outbox-slots.ts";
import { CqlSession } from "../../src/backends/cql/session.ts";
import { statementsFor } from "../../src/backends/cql/statements.ts";
import { UnavailableError } from "../../src/model/errors.ts";
import type { IntentBatch } from "../../src/ports/outbox.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import { present, upTo } from "../../src/testing/expectations.ts";
import { batchOf, outboxSuite } from "../../src/testing/outbox-suite.ts";
import { spyOnStatements } from "../support/statements.ts";
import { dropKeyspace, uniqueName } from "../support/stores.ts";

const servers = inject("servers");
const keyspace = uniqueName("test");
const client = new Client({ ...servers.cql });
const backend = new CqlBackend({ keyspace, client }, { setup: "auto", logger: silentLogger });

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 0, 1, 12);
const LATER = Date.UTC(3000, 0, 1);
/** Largest tolerated difference between two clocks. */
const TOLERATED = HOUR;

/** The signature of `Client.execute` that the backend uses. */
type Execute = (query: string, params: unknown[], options: QueryOptions) => Promise<types.ResultSet>;

/** Real time, which the tests set. Each process has its own clock. */
let time = START;

beforeAll(() => backend.start());
beforeEach(async () => {
  time = START;
  for (const table of ["outbox", "outbox_slots"]) {
    await client.execute(`TRUNCATE "${keyspace}".${table}`, [], { readTimeout: 60_000 });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(async () => {
  await backend.stop();
  await client.shutdown();
  await dropKeyspace(servers, keyspace);
});

outboxSuite({
  name: "The CQL outbox",
  async create() {
    const own = uniqueName("test");
    const made = new CqlBackend({ ...servers.cql, keyspace: own }, { setup: "auto", logger: silentLogger });
    await made.start();
    return {
      outbox: made.outbox,
      async overwrite({ id, dueAt }, cell) {
        const slot = Math.floor(dueAt / MINUTE);
        const where = `WHERE slot = ? AND shard = ? AND due_at = ? AND id = ?`;
        const query = `UPDATE "${own}".outbox USING TIMESTAMP ? SET intents = ? ${where}`;
        await client.execute(query, [dueAt, cell, slot, fnv1a(id) % 8, dueAt, id], { prepare: true });
      },
      async dispose() {
        await made.stop();
        await dropKeyspace(servers, own);
      },
    };
  },
});

/** Returns the outbox of another process, whose clock is `ahead` of real time. */
async function processOf(ahead = 0, through: Client = client): Promise<CqlOutbox> {
  const session = new CqlSession({ keyspace, client: through });
  await session.open();
  return new CqlOutbox({ session, statements: statementsFor(keyspace), now: () => time + ahead, uptime: () => time });
}

/** Returns a separate client whose requests a test can delay without delaying those of others. */
async function newClient(options: { encoding?: { useBigIntAsLong: boolean } } = {}): Promise<Client> {
  const made = new Client({ ...servers.cql, ...options });
  onTestFinished(() => made.shutdown());
  await made.connect();
  return made;
}

/** Calls `before` ahead of each request of a client. */
function intercept(through: Client, before: (query: string) => Promise<void> | void): void {
  const execute = through.execute.bind(through) as Execute;
  const intercepted = async (query: string, params: unknown[], options: QueryOptions): Promise<types.ResultSet> => {
    await before(query);
    return execute(query, params, options);
  };
  Object.assign(through, { execute: intercepted });
  onTestFinished(() => void Object.assign(through, { execute }));
}

/** Records the requests of the shared client that name a table. */
function watch(table: "outbox" | "outbox_slots"): string[] {
  const queries: string[] = [];
  intercept(client, (query) => {
    if (query.includes(`"${keyspace}".${table} `)) queries.push(query);
  });
  return queries;
}

/** Returns the number of entries in all lists. */
async function listed(): Promise<number> {
  const result = await client.execute(`SELECT list_id, entry FROM "${keyspace}".outbox_slots`);
  return result.rowLength;
}

/** Lets a reader detect that the slots up to now are empty. */
async function findEmpty(reader: CqlOutbox): Promise<void> {
  expect((await reader.due(time, 10)).batches).toEqual([]);
  time += EMPTY_FOR_MS;
  expect((await reader.due(time, 10)).batches).toEqual([]);
}

/** Lets a reader delete empty slots from the list, and returns the remaining list. */
async function unlist(reader: CqlOutbox): Promise<void> {
  time += REMOVAL_AGE_MS;
  for (let pass = 0; pass < 2; pass += 1) await reader.due(time, 10);
}

describe("another process", () => {
  test("finds batches of any age, but not those that the first process removed", async () => {
    const batches = [0, START - 900 * 24 * HOUR, START, START + 1, START + HOUR].map((dueAt) => batchOf(dueAt));
    const first = new CqlBackend({ ...servers.cql, keyspace }, { setup: "never", logger: silentLogger });
    await first.start();
    await Promise.all(batches.map((batch) => first.outbox.add(batch)));
    await first.outbox.remove(batches.slice(2, 3));
    await first.stop();
    const left = batches.filter((_, i) => i !== 2);
    expect((await (await processOf()).due(LATER, 10)).batches).toEqual(left);
    expect(await (await processOf()).backlog(10)).toMatchObject({ batches: 4, more: false, oldestDueAt: 0 });
  });

  test("reads batches with a client that returns integers as BigInt", async () => {
    const outbox = await processOf(0, await newClient({ encoding: { useBigIntAsLong: true } }));
    const batch = batchOf(START + 7);
    await outbox.add(batch);
    expect((await outbox.due(START + 7, 10)).batches).toEqual([batch]);
    await findEmptyAfter(outbox, batch);
    await unlist(outbox);
    expect(await listed()).toBe(0);
  });
});

async function findEmptyAfter(outbox: CqlOutbox, batch: IntentBatch): Promise<void> {
  await outbox.remove([batch]);
  time += MINUTE;
  await findEmpty(outbox);
}

describe("a removal", () => {
  test("supersedes an add of the same batch that is applied after it", async () => {
    const outbox = await processOf();
    const batch = batchOf(START);
    await outbox.add(batch);
    await outbox.remove([batch]);
    await outbox.add(batch);
    expect((await outbox.due(LATER, 10)).batches).toEqual([]);
  });

  test.each([-TOLERATED, TOLERATED])("does not depend on clocks: one is %d ms ahead", async (ahead) => {
    const batch = batchOf(START);
    await (await processOf()).add(batch);
    await (await processOf(ahead)).remove([batch]);
    expect((await (await processOf()).due(LATER, 10)).batches).toEqual([]);
  });
});

describe("requests of the outbox", () => {
  test("performance pin: many adds of one process to one minute register it once per lease", async () => {
    const outbox = await processOf();
    const queries = watch("outbox_slots");
    const add = (): Promise<void[]> => Promise.all(upTo(20).map((i) => outbox.add(batchOf(START + i * SECOND))));
    await add();
    expect(queries).toHaveLength(3);
    time += LEASE_MS - 1;
    await add();
    expect(queries).toHaveLength(3);
    time += 1;
    await add();
    expect(queries).toHaveLength(6);
  });

  test("performance pin: minutes known to be empty are not read again", async () => {
    const outbox = await processOf();
    const batches = upTo(60).map((i) => batchOf(START - i * MINUTE));
    await Promise.all(batches.map((batch) => outbox.add(batch)));
    await outbox.remove(batches);
    time += 2 * MINUTE;
    await findEmpty(outbox);
    const queries = watch("outbox");
    expect((await outbox.due(time, 10)).batches).toEqual([]);
    expect(await outbox.backlog(10)).toMatchObject({ batches: 0, more: false, oldestDueAt: null });
    expect(queries).toEqual([]);
  });

  test("performance pin: a limit that one minute fills leaves the others unread", async () => {
    const outbox = await processOf();
    await Promise.all(upTo(30).map((i) => outbox.add(batchOf(START + i * MINUTE))));
    const queries = watch("outbox");
    expect((await outbox.due(LATER, 1)).batches).toHaveLength(1);
    expect(new Set(queries).size).toBe(1);
    expect(queries).toHaveLength(8);
  });

  test("performance pin: a backlog reads the intents of no more batches than it counts", async () => {
    const outbox = await processOf();
    await Promise.all(upTo(60).map((i) => outbox.add(batchOf(START + i * 4 * SECOND))));
    const execute = spyOnStatements(client);
    expect(await outbox.backlog(25)).toMatchObject({ batches: 25, more: true, intents: 25 });
    const answers = await Promise.all(execute.mock.results.map(({ value }) => value as Promise<types.ResultSet>));
    const cells = answers.filter((_, i) => execute.mock.calls[i]?.[0].startsWith("SELECT intents "));
    expect(cells.reduce((sum, { rowLength }) => sum + rowLength, 0)).toBe(25);
  });

  test("are prepared, use LOCAL_QUORUM, and avoid what ScyllaDB with tablets can reject", async () => {
    const execute = spyOnStatements(client);
    const consistency = types.consistencies.localQuorum;
    const outbox = await processOf();
    const batch = batchOf(START);
    await outbox.add(batch);
    await outbox.backlog(1);
    await findEmptyAfter(outbox, batch);
    await unlist(outbox);
    const calls = execute.mock.calls as unknown as Parameters<Execute>[];
    expect(new Set(calls.map(([query]) => query)).size).toBe(9);
    for (const [query, , options] of calls) {
      expect(query).not.toMatch(/\bIF\b|ALLOW FILTERING|\bTTL\b/);
      expect(options).toMatchObject({ prepare: true, isIdempotent: true, consistency });
    }
  });

  test("an add whose minute could not be registered fails, and the next one registers it", async () => {
    const through = await newClient();
    const outbox = await processOf(0, through);
    let isDown = true;
    intercept(through, (query) => {
      if (isDown && query.includes("outbox_slots")) throw new UnavailableError("down");
    });
    const batch = batchOf(START);
    await expect(outbox.add(batch)).rejects.toThrow(UnavailableError);
    isDown = false;
    await outbox.add(batch);
    expect((await (await processOf()).due(LATER, 10)).batches).toEqual([batch]);
  });
});

describe("the list of minutes", () => {
  test("forgets a minute that stays empty longer than the tolerated hour, not before", async () => {
    const [reader, batch] = [await processOf(), batchOf(START)];
    await reader.add(batch);
    await findEmptyAfter(reader, batch);
    expect(await listed()).toBe(2);
    time = START + REMOVAL_AGE_MS;
    await reader.due(time, 10);
    expect(await listed()).toBe(2);
    await unlist(reader);
    expect(await listed()).toBe(0);
  });

  test("never forgets a minute with a batch, of any age", async () => {
    const [reader, batch] = [await processOf(), batchOf(START)];
    await reader.add(batch);
    for (let day = 0; day < 3; day += 1) {
      time += 24 * HOUR;
      expect((await reader.due(time, 10)).batches).toEqual([batch]);
    }
    expect((await (await processOf()).due(time, 10)).batches).toEqual([batch]);
  });

  // The entry is of a clock that is ahead, so the reader considers it due half an hour later.
  test.each([
    ["is known to be empty", 0, 2],
    ["will be forgotten", TOLERATED / 2 + MINUTE, 2],
    ["is forgotten", TOLERATED / 2 + REMOVAL_AGE_MS, 0],
  ])("accepts a late batch of a slow clock in a minute that %s", async (_, passed, entries) => {
    const [reader, fast, slow] = [await processOf(), await processOf(TOLERATED / 2), await processOf(-TOLERATED / 2)];
    const [early, late] = [batchOf(START), batchOf(START + 1)];
    await fast.add(early);
    await findEmptyAfter(reader, early);
    time += passed;
    for (let pass = 0; pass < 2; pass += 1) await reader.due(time, 10);
    expect(await listed()).toBe(entries);
    await slow.add(late);
    expect((await reader.due(time, 10)).batches).toEqual([late]);
    expect((await (await processOf()).due(time, 10)).batches).toEqual([late]);
  });

  test("accepts a batch under a lease right after its minute was read as empty", async () => {
    const [reader, writer] = [await processOf(), await processOf()];
    const [first, second] = [batchOf(START - MINUTE), batchOf(START - MINUTE + 1)];
    await writer.add(first);
    await reader.remove([first]);
    for (const passed of [0, LEASE_MS - 1]) expect((await reader.due((time += passed), 10)).batches).toEqual([]);
    await writer.add(second);
    expect((await reader.due(time, 10)).batches).toEqual([second]);
    time += EMPTY_FOR_MS;
    expect((await reader.due(time, 10)).batches).toEqual([second]);
  });

  test.each([
    ["a minute that it lists", false, 1],
    ["a minute that it lists", false, 2],
    ["a minute that it has to list", true, 1],
    ["a minute that it has to list", true, 2],
    ["a minute that it has to list", true, 3],
    ["a minute that it has to list", true, 4],
    ["a minute that it has to list", true, 5],
  ])("loses no batch of a process that stops for hours in an add to %s (%s), at request %d", async (_, isExpired, at) => {
    const through = await newClient();
    const [reader, stopped] = [await processOf(), await processOf(0, through)];
    const [first, late] = [batchOf(START), batchOf(START + 1)];
    await stopped.add(first);
    await reader.remove([first]);
    if (isExpired) time += LEASE_MS;
    const { promise: resumed, resolve: resume } = Promise.withResolvers<void>();
    const { promise: held, resolve: hold } = Promise.withResolvers<void>();
    let requests = 0;
    intercept(through, async () => {
      requests += 1;
      if (requests < at) return;
      hold();
      await resumed;
    });
    const adding = stopped.add(late);
    await Promise.race([held, adding]);
    for (const passed of [MINUTE, EMPTY_FOR_MS, REMOVAL_AGE_MS, 0]) await reader.due((time += passed), 10);
    resume();
    await adding;
    expect((await reader.due(time, 10)).batches).toEqual([late]);
    expect((await (await processOf()).due(time, 10)).batches).toEqual([late]);
  });

  test("loses no batch of a slow clock that is stopped twice in one add, while its list is forgotten", async () => {
    const through = await newClient();
    const [reader, fast] = [await processOf(), await processOf(TOLERATED / 2)];
    const slow = await processOf(-TOLERATED / 2, through);
    const [first, other, late] = [batchOf(START), batchOf(START + MINUTE), batchOf(START + 1)];
    await Promise.all([slow.add(first), fast.add(other)]);
    await reader.remove([first, other]);
    const stops = [1, 3].map((at) => {
      return { at, reached: Promise.withResolvers<void>(), resumed: Promise.withResolvers<void>() };
    });
    const [row, entries] = [present(stops[0]), present(stops[1])];
    let requests = 0;
    intercept(through, async () => {
      requests += 1;
      const stop = requests === row.at ? row : requests >= entries.at ? entries : null;
      stop?.reached.resolve();
      await stop?.resumed.promise;
    });
    const adding = slow.add(late);
    await row.reached.promise;
    time += 2 * MINUTE;
    await findEmpty(reader);
    row.resumed.resolve();
    await entries.reached.promise;
    time += TOLERATED / 2;
    await unlist(reader);
    expect(await listed()).toBe(0);
    entries.resumed.resolve();
    await adding;
    expect((await reader.due(time, 10)).batches).toEqual([late]);
    expect((await (await processOf()).due(time, 10)).batches).toEqual([late]);
  });

  test("keeps every added batch, for any clocks and order of requests", async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = generator(seed);
    const below = (bound: number): number => Math.floor(random() * bound);
    const pick = <T>(list: readonly T[]): T => present(list[below(list.length)]);
    const clocks = [-TOLERATED / 2, 0, 5 * SECOND, TOLERATED / 2];
    const processes = await Promise.all(clocks.map((ahead) => processOf(ahead)));
    const waiting = new Map<string, IntentBatch>();
    const done = new Set<string>();
    const look = async (): Promise<void> => {
      const expected = [...waiting.keys()];
      const now = time + HOUR;
      const found = (await pick(processes).due(now, 10_000)).batches;
      const ids = new Set(found.map(({ id }) => id));
      expect(expected.filter((id) => waiting.has(id) && !ids.has(id)), `missed; seed ${seed}`).toEqual([]);
      // Hours pass between an answer and the next request, as in a process that is stopped.
      const processed = found.filter(() => random() < 0.8);
      for (const { id } of processed) {
        done.add(id);
        waiting.delete(id);
      }
      await pick(processes).remove(processed);
    };
    const add = async (): Promise<void> => {
      const batch = batchOf(Math.max(0, time + pick([10 * SECOND, 30 * SECOND, -5 * MINUTE, -2 * HOUR, -9 * HOUR])));
      await pick(processes).add(batch);
      // A pass can find and reconcile it before its add is acknowledged.
      if (!done.has(batch.id)) waiting.set(batch.id, batch);
    };
    for (let step = 0; step < 120; step += 1) {
      await Promise.all(upTo(6).map(() => (random() < 0.6 ? add() : look())));
      time += pick([SECOND, LEASE_MS, EMPTY_FOR_MS, 40 * SECOND, 35 * MINUTE, REMOVAL_AGE_MS + MINUTE]);
    }
    const all = await processes[0]?.due(LATER, 10_000);
    expect(all?.batches.map(({ id }) => id).sort()).toEqual([...waiting.keys()].sort());
  });

  test("is read at once with 120,000 forgotten, uncompacted minutes", async () => {
    const { removeSlotEntry } = statementsFor(keyspace);
    const slot = Math.floor(START / MINUTE);
    const lists = upTo(250).map((i) => Math.floor(slot / 480) - i);
    const removal = (list: number, entry: number): { query: string; params: unknown[] } => ({
      query: removeSlotEntry,
      params: [types.Long.fromNumber(1), types.Long.fromNumber(list), types.Long.fromNumber(entry)],
    });
    for (const list of lists) {
      const forgotten = upTo(480).map((i) => removal(list, list * 480 + i));
      await client.batch([...forgotten, removal(-1, list)], { prepare: true, logged: false, readTimeout: 60_000 });
    }
    const [outbox, old, recent] = [await processOf(), batchOf(START - 70 * 24 * HOUR), batchOf(START)];
    await outbox.add(old);
    await outbox.add(recent);
    // A read over all of them would fail, because the server aborts a read at 100,000 tombstones.
    const reader = await processOf();
    expect((await reader.due(START, 10)).batches).toEqual([old, recent]);
    expect(await reader.backlog(10)).toMatchObject({ batches: 2, more: false, oldestDueAt: old.dueAt });
  });
});

/** Returns numbers from 0 to 1 from a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
