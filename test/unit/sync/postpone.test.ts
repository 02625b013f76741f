import { expect, test } from "vitest";
import { QueryError, UnavailableError } from "../../../src/model/errors.ts";
import type { Intent, IntentBatch } from "../../../src/ports/outbox.ts";
import { isDead, postpone, type Unsettled } from "../../../src/sync/postpone.ts";

const intent = (writeId: string, more: Partial<Intent> = {}): Intent => ({ namespace: "a", key: "k", writeId, recordedAt: 0, ...more });
const batch = (more: Partial<IntentBatch> = {}): IntentBatch => ({ id: "b", dueAt: 1_000, attempts: 0, intents: [], ...more });
const NOW = Date.parse("2026-11-29T12:00:00Z");
const left = (verdict: Unsettled["verdict"], ...ids: string[]): Unsettled[] => ids.map((id) => ({ intent: intent(id), verdict }));

test("a failed intent is retried after at most five minutes, a watched one after at most an hour, and after at least half of that", () => {
  const pauses = (verdict: Unsettled["verdict"], attempts: number): number[] =>
    ["b", "c", "d", "e"].map((id) => (postpone(batch({ id, attempts }), left(verdict, "x"), NOW)[0]?.dueAt ?? 0) - NOW);
  const longest = { failed: [60_000, 120_000, 300_000, 300_000], watched: [60_000, 120_000, 480_000, 3_600_000] };
  for (const verdict of ["failed", "watched"] as const) {
    [0, 1, 3, 9].forEach((attempts, i) => {
      for (const pause of pauses(verdict, attempts)) {
        expect(pause).toBeLessThanOrEqual(longest[verdict][i] ?? 0);
        expect(pause).toBeGreaterThan((longest[verdict][i] ?? 0) / 2);
      }
    });
  }
});

test("batches that were overdue for hours are retried after a pause from now, spread over time", () => {
  const overdue = Array.from({ length: 50 }, (_, n) => batch({ id: `b${n}`, dueAt: NOW - 6 * 3_600_000 }));
  const due = overdue.flatMap((each) => postpone(each, left("failed", "x"), NOW)).map(({ dueAt }) => dueAt);
  expect(Math.min(...due)).toBeGreaterThan(NOW + 30_000);
  expect(new Set(due).size).toBeGreaterThan(40);
});

test("two processes with the same outcome write one batch; with different outcomes they lose nothing", () => {
  const [a] = postpone(batch(), left("failed", "x", "y"), NOW);
  expect(postpone(batch({ dueAt: 2_000 }), left("failed", "x", "y"), NOW + 1)).toEqual([a]);
  const other = postpone(batch(), [...left("failed", "y"), ...left("watched", "x")], NOW);
  expect(new Set([a?.id, ...other.map(({ id }) => id)]).size).toBe(3);
});

test("ids do not grow with the number of attempts", () => {
  let current = batch();
  for (let i = 0; i < 20; i += 1) [current = current] = postpone(current, left("watched", "x"), NOW);
  expect(current.attempts).toBe(20);
  expect(current.id.length).toBeLessThan(20);
});

test("an intent is dead-lettered after several permanent failures or a day of failures, and stays so", () => {
  const refused = new QueryError("no");
  const away = new UnavailableError("away");
  expect(isDead(intent("x"), 0, refused, 0)).toBe(false);
  expect(isDead(intent("x"), 4, refused, 0)).toBe(true);
  expect(isDead(intent("x"), 50, away, 0)).toBe(false);
  expect(isDead(intent("x"), 4, away, 25 * 3_600_000)).toBe(true);
  expect(isDead(intent("x", { isDeadLettered: true }), 5, away, 0)).toBe(true);
  expect(postpone(batch(), left("dead", "x"), NOW)[0]?.intents).toEqual([intent("x", { isDeadLettered: true })]);
});
