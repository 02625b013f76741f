import { describe, expect, onTestFinished, test, vi } from "vitest";
import { TtlRefresh, type RefreshBounds, type RefreshedVectors } from "../../../src/core/ttl-refresh.ts";
import { TtlRules } from "../../../src/core/ttl-rules.ts";
import { PermissionError, UnavailableError } from "../../../src/model/errors.ts";
import type { ItemId, ItemRecord, LiveRecord } from "../../../src/model/item.ts";
import type { ItemRepository } from "../../../src/ports/item-repository.ts";
import type { Logger } from "../../../src/ports/logger.ts";
import { unobserved, type RefreshOutcome } from "../../../src/ports/telemetry.ts";

/** Returns a record that expires at `expiresAt` and is old enough to be refreshed. */
function recordThatEnds(expiresAt: number, key = "k", writeId = `write of ${key}`): LiveRecord {
  const written = expiresAt - 60_000;
  const value = { typed: false, bytes: Buffer.from("{}") };
  const version = written * 1000;
  return { namespace: "a", key, created: version, version, writeId, index: undefined, vectorCount: 1, expiresAt, ttlMs: 60_000, value };
}

/** A refresh on a repository whose writes the test completes. */
class Setup {
  readonly late: ItemId[] = [];
  readonly warnings: string[] = [];
  readonly counts: Record<RefreshOutcome, number> = { written: 0, failed: 0, dropped: 0 };
  readonly writes: { readonly records: readonly ItemRecord[]; readonly end: (error?: Error) => void }[] = [];
  readonly refresh: TtlRefresh;
  /** What happened to the vectors, in order. */
  readonly steps: string[] = [];
  /** Errors of the steps with these names. */
  readonly errors: Record<string, Error> = {};

  constructor(bounds?: Partial<RefreshBounds>, hasVectors = false) {
    const put: ItemRepository["put"] = (records) =>
      new Promise((resolve, reject) => {
        const done = records.map(() => ({ status: "fulfilled", value: undefined }) as const);
        this.steps.push(`write ${records.map(({ key }) => key).join(" ")}`);
        this.writes.push({ records, end: (error) => (error === undefined ? resolve(done) : reject(error)) });
      });
    const logger: Logger = { debug() {}, info() {}, error() {}, warn: (_, message) => void this.warnings.push(message) };
    this.refresh = new TtlRefresh({
      items: { put },
      rules: new TtlRules({ refreshOnRead: true, rules: [] }),
      logger,
      onLate: (ids) => this.late.push(...ids),
      vectors: hasVectors ? this.#vectors() : null,
      observer: { ...unobserved, refreshed: (outcome, items) => void (this.counts[outcome] += items) },
      bounds,
    });
  }

  #step(name: string, key: string): void {
    this.steps.push(`${name} ${key}`);
    const error = this.errors[name];
    if (error !== undefined) throw error;
  }

  #vectors(): RefreshedVectors {
    return {
      intents: {
        record: async (intents) => {
          this.#step("record", intents.map(({ key }) => key).join(" "));
          return intents.map(({ key }) => ({ settle: (withVectors: boolean) => this.#step(`settle ${withVectors}`, key) }));
        },
      },
      verify: async ({ key }) => {
        this.#step("verify", key);
        return true;
      },
    };
  }

  read(...records: readonly LiveRecord[]): void {
    this.refresh.enqueue(records.map((record) => ({ record, override: null })));
  }

  /** Returns the write with this number after it has begun. */
  async write(number: number): Promise<Setup["writes"][number]> {
    await expect.poll(() => this.writes.length).toBeGreaterThan(number);
    return this.writes[number] as Setup["writes"][number];
  }

  keysOf(number: number): string[] {
    return this.writes[number]?.records.map(({ key }) => key) ?? [];
  }
}

const soon = (): number => Date.now() + 20_000;

describe("a TTL refresh", () => {
  test("is written after the read returns, with a later expiry and the same version", async () => {
    const setup = new Setup();
    const record = recordThatEnds(soon());
    setup.read(record);
    expect(setup.writes).toEqual([]);
    const { records, end } = await setup.write(0);
    expect(records).toEqual([{ ...record, expiresAt: expect.any(Number) as number }]);
    expect(records[0]?.expiresAt).toBeGreaterThan(record.expiresAt as number);
    end();
    await setup.refresh.drained();
    expect(setup.counts).toEqual({ written: 1, failed: 0, dropped: 0 });
    expect(setup.late).toEqual([]);
  });

  test("is dropped if the item has expired before its write begins", async () => {
    const setup = new Setup({ group: 1 });
    const end = Date.now() + 50;
    setup.read(recordThatEnds(soon(), "first"), recordThatEnds(end, "expires while it waits"));
    const first = await setup.write(0);
    await expect.poll(() => Date.now()).toBeGreaterThan(end);
    first.end();
    await setup.refresh.drained();
    expect([setup.keysOf(0), setup.writes.length]).toEqual([["first"], 1]);
    expect(setup.counts).toEqual({ written: 1, failed: 0, dropped: 1 });
  });

  test("by many reads of one key is written once, for the last write that was read", async () => {
    const setup = new Setup();
    const end = soon();
    for (let i = 0; i < 100; i += 1) setup.read(recordThatEnds(end), recordThatEnds(end, "other"));
    const first = await setup.write(0);
    expect(setup.keysOf(0)).toEqual(["k", "other"]);
    // During the write, reads still return the previous expiry.
    setup.read(recordThatEnds(end), recordThatEnds(end + 10, "other", "newer"));
    first.end();
    const second = await setup.write(1);
    expect(second.records).toMatchObject([{ key: "other", writeId: "newer" }]);
    second.end();
    await setup.refresh.drained();
    expect(setup.writes).toHaveLength(2);
  });

  test("beyond the bound drops the oldest pending one, and counts it", async () => {
    const setup = new Setup({ items: 3 });
    setup.read(recordThatEnds(soon(), "in flight"));
    const first = await setup.write(0);
    for (const key of ["1", "2", "3", "4", "5"]) setup.read(recordThatEnds(soon(), key));
    expect(setup.counts.dropped).toBe(2);
    first.end();
    (await setup.write(1)).end();
    expect(setup.keysOf(1)).toEqual(["3", "4", "5"]);
    await setup.refresh.drained();
    expect(setup.counts).toEqual({ written: 4, failed: 0, dropped: 2 });
  });

  test("of large values is bounded in bytes", async () => {
    const setup = new Setup({ bytes: 100 });
    setup.read(recordThatEnds(soon(), "in flight"));
    const first = await setup.write(0);
    const big = (key: string): LiveRecord => ({ ...recordThatEnds(soon(), key), value: { typed: false, bytes: Buffer.alloc(60) } });
    setup.read(big("1"), big("2"));
    expect(setup.counts.dropped).toBe(1);
    first.end();
    (await setup.write(1)).end();
    expect(setup.keysOf(1)).toEqual(["2"]);
  });

  test("that fails is logged and counted, and later ones are written", async () => {
    const setup = new Setup();
    setup.read(recordThatEnds(soon()));
    (await setup.write(0)).end(new UnavailableError("down"));
    await setup.refresh.drained();
    expect(setup.warnings).toHaveLength(1);
    expect(setup.counts).toEqual({ written: 0, failed: 1, dropped: 0 });
    setup.read(recordThatEnds(soon()));
    (await setup.write(1)).end();
    await setup.refresh.drained();
    expect(setup.counts.written).toBe(1);
  });

  test("is paused for a role that may not write", async () => {
    const setup = new Setup({ group: 1 });
    setup.read(recordThatEnds(soon(), "1"), recordThatEnds(soon(), "2"));
    (await setup.write(0)).end(new PermissionError("no", { details: { right: "MODIFY" } }));
    await setup.refresh.drained();
    setup.read(recordThatEnds(soon(), "3"));
    await setup.refresh.drained();
    expect(setup.writes).toHaveLength(1);
    expect(setup.warnings).toHaveLength(1);
  });

  test("whose item expired before the write is reported, because a sweep may have deleted its vectors", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const setup = new Setup();
    const expiresAt = Date.now() + 1_000;
    setup.read(recordThatEnds(expiresAt));
    const { end } = await setup.write(0);
    vi.setSystemTime(expiresAt);
    end();
    await setup.refresh.drained();
    expect(setup.late).toEqual([{ namespace: "a", key: "k" }]);
  });

  test("that is pending when the store stops is dropped and counted, and none begins afterwards", async () => {
    const setup = new Setup();
    setup.read(recordThatEnds(soon(), "in flight"));
    const first = await setup.write(0);
    setup.read(recordThatEnds(soon(), "waits"));
    setup.refresh.stop();
    setup.read(recordThatEnds(soon(), "late"));
    first.end();
    await setup.refresh.drained();
    expect(setup.writes).toHaveLength(1);
    expect(setup.counts).toEqual({ written: 1, failed: 0, dropped: 1 });
  });
});

describe("a refresh shortly before its item expires", () => {
  const near = (): LiveRecord => recordThatEnds(Date.now() + 20_000, "near");
  /** Refreshed long before it expires. */
  const early = (): LiveRecord => recordThatEnds(Date.now() + 40_000, "early");

  test("records an intent before it is written, and settles it once the vectors are verified", async () => {
    const setup = new Setup({}, true);
    setup.read(near(), early());
    (await setup.write(0)).end();
    (await setup.write(1)).end();
    await setup.refresh.drained();
    expect(setup.steps.filter((step) => !step.endsWith("early"))).toEqual(["record near", "write near", "verify near", "settle false near"]);
    expect(setup.steps).toContain("write early");
    expect(setup.counts).toEqual({ written: 2, failed: 0, dropped: 0 });
  });

  test("leaves the intent for any process where the vectors cannot be verified, or the write failed", async () => {
    const setup = new Setup({}, true);
    setup.errors["verify"] = new UnavailableError("Qdrant is down");
    setup.read(near());
    (await setup.write(0)).end();
    await setup.refresh.drained();
    expect(setup.steps).toEqual(["record near", "write near", "verify near"]);
    setup.read(near());
    (await setup.write(1)).end(new UnavailableError("down"));
    await setup.refresh.drained();
    expect(setup.steps.slice(3)).toEqual(["record near", "write near"]);
    expect(setup.counts).toEqual({ written: 1, failed: 1, dropped: 0 });
  });

  test("is not written without its intent; others are", async () => {
    const setup = new Setup({}, true);
    setup.errors["record"] = new UnavailableError("the outbox is full");
    setup.read(near(), early());
    (await setup.write(0)).end();
    await setup.refresh.drained();
    expect(setup.steps.sort()).toEqual(["record near", "write early"]);
    expect(setup.counts).toEqual({ written: 1, failed: 1, dropped: 0 });
    expect(setup.warnings).toHaveLength(1);
  });
});
