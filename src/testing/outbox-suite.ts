import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isStoreError } from "../model/errors.ts";
import { newWriteId } from "../model/item.ts";
import type { Intent, IntentBatch, Outbox, OutboxBacklog } from "../ports/outbox.ts";
import { outboxDeadlineCases } from "./deadline-cases.ts";
import { present, rejectionOf, upTo } from "./expectations.ts";

/** Options of the suite. */
export interface OutboxSuite {
  /** Name of the outbox in the report. */
  readonly name: string;
  /** Creates an empty outbox for exclusive use. Called once. */
  create(): Promise<{
    readonly outbox: Outbox;
    /** Replaces the stored cell of a batch without using the outbox, as a newer version would write it. */
    overwrite(place: Pick<IntentBatch, "id" | "dueAt">, cell: Uint8Array): Promise<void>;
    dispose(): Promise<void>;
  }>;
  /** Timeout of a case, in milliseconds. 60,000 by default. */
  readonly timeoutMs?: number;
}

const MINUTE = 60_000;

/** 2026-01-01, the start of a minute, an hour and a day. */
const START = Date.UTC(2026, 0, 1);

/** After everything that the cases add. */
const END_OF_TIME = Date.UTC(3000, 0, 1);

/** The backlog of an empty outbox. */
const NOTHING: OutboxBacklog = { batches: 0, more: false, oldestDueAt: null, unreadable: 0, intents: 0, deadLettered: 0 };

/** Cells that this version cannot read. Each is greater than what it replaces: of equal write times the greater wins. */
const UNREADABLE_CELLS = ['{"b":9,"of":"a newer version"}', '{"b":9}', '{"b":X', "~"].map((text) => Buffer.from(text));

/** Texts that reveal mistakes in escaping, truncation, normalization or sorting. */
const HOSTILE = [
  "\0", "a\0b", "a\0", " ", "'", '"', "\\", "%", "_", ":", "/", "é", "e\u0301", "😀", "\u202E", "\uFFFF", "\n", "null",
  "__proto__", "'; DROP TABLE outbox; --", "x".repeat(5_000),
];

/** An intent of a write of its own. */
function intentOf(key: string, namespace = "agents.memories"): Intent {
  return { namespace, key, writeId: newWriteId(), recordedAt: START };
}

/** A batch, by default a new one with one unprocessed intent. */
export function batchOf(dueAt: number, parts: Partial<IntentBatch> = {}): IntentBatch {
  return { id: randomUUID(), dueAt, attempts: 0, intents: [intentOf("key")], ...parts };
}

const idsOf = (batches: readonly Pick<IntentBatch, "id">[]): string[] => batches.map(({ id }) => id);
const byId = (batches: readonly IntentBatch[]): IntentBatch[] => [...batches].sort((a, b) => (a.id < b.id ? -1 : 1));

async function addAll(outbox: Outbox, batches: readonly IntentBatch[]): Promise<void> {
  await Promise.all(batches.map((batch) => outbox.add(batch)));
}

/** Reads the entire content of an outbox. */
async function kept(outbox: Outbox): Promise<readonly IntentBatch[]> {
  return (await outbox.due(END_OF_TIME, 10_000)).batches;
}

/** Registers vitest cases that verify an outbox against the contract of `Outbox`. */
export function outboxSuite(suite: OutboxSuite): void {
  describe(`${suite.name} keeps the contract of Outbox`, { timeout: suite.timeoutMs ?? 60_000 }, () => {
    let made: Awaited<ReturnType<OutboxSuite["create"]>> | undefined;
    const outbox = (): Outbox => present(made, "the outbox").outbox;
    beforeAll(async () => {
      made = await suite.create();
    }, 600_000);
    // Each case begins with an empty outbox.
    afterEach(async () => outbox().remove(await kept(outbox())));
    afterAll(async () => made?.dispose(), 600_000);
    keepingCases(outbox);
    dueCases(outbox);
    removalCases(outbox);
    backlogCases(outbox);
    crowdCases(outbox);
    outboxDeadlineCases(outbox);
    unreadableCases(() => present(made, "the outbox"));
  });
}

function unreadableCases(made: () => Awaited<ReturnType<OutboxSuite["create"]>>): void {
  /** Adds batches and makes them unreadable; removed by the test, as no other can find them. */
  async function addUnreadable(count: number, dueAt: number): Promise<readonly IntentBatch[]> {
    const outbox = made();
    const batches = upTo(count).map((i) => batchOf(dueAt + i));
    await addAll(outbox.outbox, batches);
    for (const [i, batch] of batches.entries()) await outbox.overwrite(batch, UNREADABLE_CELLS[i % UNREADABLE_CELLS.length] as Buffer);
    return batches;
  }

  describe("batches of a newer format", () => {
    test("are counted, and do not keep readable batches behind them from being found, within a slot and across slots", async () => {
      const { outbox } = made();
      const unreadable = await addUnreadable(40, START);
      const readable = upTo(12).map((i) => batchOf(START + 50 + (i % 2) * 2 * MINUTE + i));
      await addAll(outbox, readable);
      const inOrder = [...readable].sort((a, b) => a.dueAt - b.dueAt);
      for (const limit of [1, 5, 6, 12, 1_000]) {
        const due = await outbox.due(END_OF_TIME, limit);
        expect(idsOf(due.batches)).toEqual(idsOf(inOrder.slice(0, limit)));
        expect(due.unreadable).toBeGreaterThan(0);
        if (limit > readable.length) expect(due.unreadable).toBe(40);
      }
      await outbox.remove(unreadable);
      expect(await outbox.due(END_OF_TIME, 100)).toEqual({ batches: inOrder, unreadable: 0 });
    });

    test("count in the backlog, their intents do not", async () => {
      const { outbox } = made();
      const unreadable = await addUnreadable(5, START);
      await outbox.add(batchOf(START + 10, { intents: [intentOf("a"), { ...intentOf("b"), isDeadLettered: true }] }));
      expect(await outbox.backlog(100)).toEqual({
        ...{ batches: 6, more: false, oldestDueAt: START },
        ...{ unreadable: 5, intents: 2, deadLettered: 1 },
      });
      await outbox.remove(unreadable);
    });
  });
}

function keepingCases(outbox: () => Outbox): void {
  describe("add", () => {
    test("keeps all of a batch, its intents in their order", async () => {
      const intents = upTo(3).map((i) => ({ ...intentOf(`key ${9 - i}`, `namespace.${i}`), recordedAt: START + i }));
      const batch = batchOf(START, { attempts: 7, intents });
      await outbox().add(batch);
      expect(await kept(outbox())).toEqual([batch]);
    });

    test("stores which of its intents are dead-lettered", async () => {
      const intents: Intent[] = [intentOf("a"), { ...intentOf("b"), isDeadLettered: true }, intentOf("c")];
      const batch = batchOf(START, { intents });
      await outbox().add(batch);
      expect(await kept(outbox())).toEqual([batch]);
    });

    test("keeps a batch without intents", async () => {
      const batch = batchOf(START, { intents: [] });
      await outbox().add(batch);
      expect(await kept(outbox())).toEqual([batch]);
    });

    test("of a batch that is there changes nothing, one after another or at once", async () => {
      const batch = batchOf(START);
      await outbox().add(batch);
      await outbox().add(batch);
      await addAll(outbox(), Array.from({ length: 20 }, () => batch));
      expect(await kept(outbox())).toEqual([batch]);
      expect((await outbox().backlog(10)).batches).toBe(1);
    });

    test("distinguishes batches with equal due times", async () => {
      const batches = upTo(30).map(() => batchOf(START));
      await addAll(outbox(), batches);
      expect(byId(await kept(outbox()))).toEqual(byId(batches));
    });

    test.each(HOSTILE.map((text) => [text]))("keeps any well-formed text: %j", async (text) => {
      const intent: Intent = { namespace: text.replaceAll(".", ""), key: text, writeId: text, recordedAt: START };
      const batch = batchOf(START, { id: `${randomUUID()}${text}`, intents: [intent, intent] });
      await outbox().add(batch);
      expect(await kept(outbox())).toEqual([batch]);
      await outbox().remove([batch]);
      expect(await kept(outbox())).toEqual([]);
    });

    test("keeps the hundred intents of a group commit, also of the longest keys", async () => {
      const batch = batchOf(START, { intents: upTo(100).map((i) => intentOf(`${i}`.padEnd(32 * 1024, "k"))) });
      await outbox().add(batch);
      expect(await kept(outbox())).toEqual([batch]);
    });

    test.each([Number.NaN, 0.5, -1, Infinity, 2 ** 60])("refuses the due time %d", async (dueAt) => {
      for (const refused of [outbox().add(batchOf(dueAt)), outbox().remove([batchOf(dueAt)])]) {
        const error = await rejectionOf(refused);
        expect(isStoreError(error) && error.code).toBe("VALIDATION");
      }
    });
  });
}

function dueCases(outbox: () => Outbox): void {
  describe("due", () => {
    test("answers nothing where there is nothing", async () => {
      expect((await outbox().due(END_OF_TIME, 10)).batches).toEqual([]);
    });

    test.each([
      ["the start of a minute", START],
      ["the end of a minute", START + MINUTE - 1],
      ["the middle of a minute", START + 30_500],
      ["the start of a day", START + 24 * 60 * MINUTE],
      ["years ago", Date.UTC(2001, 8, 9, 1, 46, 40)],
      ["the epoch", 0],
      ["years ahead", Date.UTC(2100, 0, 1)],
    ])("answers a batch from its due time on, and not before: %s", async (_, dueAt) => {
      const batch = batchOf(dueAt);
      await outbox().add(batch);
      expect((await outbox().due(dueAt - 1, 10)).batches).toEqual([]);
      expect((await outbox().due(dueAt, 10)).batches).toEqual([batch]);
      expect((await outbox().due(dueAt + 90 * 24 * 60 * MINUTE, 10)).batches).toEqual([batch]);
    });

    test("answers the longest due first, within a minute and over years", async () => {
      const gaps = [1, 1, 7, MINUTE - 9, 1, MINUTE, 3 * MINUTE + 1, 61 * MINUTE, 480 * MINUTE, 400 * 1440 * MINUTE];
      let dueAt = START;
      const batches = gaps.map((gap) => batchOf((dueAt += gap)));
      await addAll(outbox(), [...batches].reverse());
      expect(await kept(outbox())).toEqual(batches);
    });

    test("answers the first of them, where there are more than the limit", async () => {
      const batches = upTo(60).map((i) => batchOf(START + (i < 40 ? i : i * MINUTE)));
      await addAll(outbox(), [...batches].reverse());
      for (const limit of [1, 7, 40, 41, 59, 60, 61]) {
        expect(idsOf((await outbox().due(END_OF_TIME, limit)).batches)).toEqual(idsOf(batches.slice(0, limit)));
      }
      expect((await outbox().due(END_OF_TIME, 0)).batches).toEqual([]);
    });

    test("leaves what it answers where it is", async () => {
      const batches = upTo(5).map((i) => batchOf(START + i));
      await addAll(outbox(), batches);
      const answers = await Promise.all([kept(outbox()), kept(outbox())]);
      expect([...answers, await kept(outbox())]).toEqual([batches, batches, batches]);
    });
  });
}

function removalCases(outbox: () => Outbox): void {
  describe("remove", () => {
    test("removes what it is given and nothing else", async () => {
      const batches = upTo(20).map((i) => batchOf(START + (i % 4)));
      await addAll(outbox(), batches);
      const [gone, left] = [batches.slice(0, 9), batches.slice(9)];
      await outbox().remove(gone);
      expect(byId(await kept(outbox()))).toEqual(byId(left));
    });

    test("looks at the id and the due time only", async () => {
      const batch = batchOf(START);
      await outbox().add(batch);
      await outbox().remove([{ id: batch.id, dueAt: batch.dueAt + 1 }]);
      expect(await kept(outbox())).toEqual([batch]);
      await outbox().remove([{ id: batch.id, dueAt: batch.dueAt }]);
      expect(await kept(outbox())).toEqual([]);
    });

    test("succeeds for what is not there, was removed before, or is given twice, and for nothing", async () => {
      const batch = batchOf(START);
      await outbox().add(batch);
      await outbox().remove([batchOf(START), batch, batch]);
      await outbox().remove([batch]);
      await outbox().remove([]);
      expect(await kept(outbox())).toEqual([]);
    });

    test("leaves room for the same intents at a later time", async () => {
      const first = batchOf(START);
      const later = batchOf(START + MINUTE, { attempts: 1, intents: first.intents });
      await outbox().add(first);
      await outbox().add(later);
      await outbox().remove([first]);
      expect(await kept(outbox())).toEqual([later]);
    });
  });
}

function backlogCases(outbox: () => Outbox): void {
  describe("backlog", () => {
    test("of an empty outbox is nothing", async () => {
      expect(await outbox().backlog(10)).toEqual(NOTHING);
    });

    test("counts what is kept, due or not, and names the first due time", async () => {
      const times = [START + 5, START + 9, START + 2 * MINUTE, Date.UTC(2100, 0, 1)];
      await addAll(outbox(), times.map((dueAt) => batchOf(dueAt)).reverse());
      expect(await outbox().backlog(10)).toEqual({
        ...{ batches: 4, more: false, oldestDueAt: START + 5 },
        ...{ unreadable: 0, intents: 4, deadLettered: 0 },
      });
    });

    test("counts up to its bound, and says whether there are more", async () => {
      const intents = [intentOf("a"), { ...intentOf("b"), isDeadLettered: true as const }, intentOf("c")];
      const batches = upTo(25).map((i) => batchOf(START + (i < 15 ? i : i * MINUTE), { intents }));
      await addAll(outbox(), batches);
      const expected = (batches: number, more: boolean): OutboxBacklog => {
        return { batches, more, oldestDueAt: START, unreadable: 0, intents: 3 * batches, deadLettered: batches };
      };
      for (const bound of [0, 1, 3, 14, 15, 16, 24]) expect(await outbox().backlog(bound)).toEqual(expected(bound, true));
      for (const bound of [25, 26, 1_000]) expect(await outbox().backlog(bound)).toEqual(expected(25, false));
    });

    test("counts the intents of all batches, and the dead-lettered ones", async () => {
      const dead = (key: string): Intent => ({ ...intentOf(key), isDeadLettered: true });
      const batches = [
        batchOf(START, { intents: [] }),
        batchOf(START + 1, { intents: [intentOf("a"), intentOf("b")] }),
        batchOf(START + MINUTE, { intents: [dead("c")] }),
        batchOf(Date.UTC(2100, 0, 1), { intents: [intentOf("d"), dead("e"), dead("f")] }),
        ...upTo(150).map((n) => batchOf(START + n * 500, { intents: [n % 3 === 0 ? dead("g") : intentOf("h")] })),
      ];
      await addAll(outbox(), batches);
      expect(await outbox().backlog(1_000)).toMatchObject({ batches: 154, intents: 156, deadLettered: 53 });
      await outbox().remove(batches.slice(2));
      expect(await outbox().backlog(1_000)).toMatchObject({ batches: 2, intents: 2, deadLettered: 0 });
    });
  });
}

function crowdCases(outbox: () => Outbox): void {
  describe("many at once", () => {
    test("a thousand batches are all kept, found once each and in order, and removed", async () => {
      const batches = upTo(1_000).map((i) => batchOf(START + i * 777, { intents: [intentOf(`${i}`)] }));
      await addAll(outbox(), batches);
      expect(await kept(outbox())).toEqual(batches);
      expect(await outbox().backlog(999)).toEqual({
        ...{ batches: 999, more: true, oldestDueAt: START },
        ...{ unreadable: 0, intents: 999, deadLettered: 0 },
      });
      await outbox().remove(batches.filter((_, i) => i % 2 === 0));
      expect(await kept(outbox())).toEqual(batches.filter((_, i) => i % 2 === 1));
      await outbox().remove(batches);
      expect(await outbox().backlog(10)).toEqual(NOTHING);
    });

    test("while others add and remove, nothing that was added is missed and nothing that is gone is seen", async () => {
      const added = new Set<string>();
      const removed = new Set<string>();
      let isBusy = true;
      const work = async (worker: number): Promise<void> => {
        for (let i = 0; i < 25; i += 1) {
          const batch = batchOf(START + ((worker * 31 + i * 17) % 20) * 9_000);
          await outbox().add(batch);
          added.add(batch.id);
          if (i % 3 === 0) continue;
          added.delete(batch.id);
          await outbox().remove([batch]);
          removed.add(batch.id);
        }
      };
      const look = async (): Promise<void> => {
        do {
          // An outbox that answers without leaving the thread would otherwise keep the others from working.
          await nextTurn();
          const [expected, gone] = [[...added], [...removed]];
          const found = new Set(idsOf(await kept(outbox())));
          // One may have been removed since.
          expect(expected.filter((id) => added.has(id) && !found.has(id))).toEqual([]);
          expect(gone.filter((id) => found.has(id))).toEqual([]);
        } while (isBusy);
      };
      const observers = [look(), look()];
      const working = Promise.all(upTo(8).map(work)).finally(() => (isBusy = false));
      await Promise.all([working, ...observers]);
      expect(idsOf(await kept(outbox())).sort()).toEqual([...added].sort());
    });
  });
}
