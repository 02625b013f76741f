import { expect, test } from "vitest";
import { QueryError, UnavailableError } from "../../../src/model/errors.ts";
import type { Intent, IntentBatch } from "../../../src/ports/outbox.ts";
import { isLost, postpone, type Left } from "../../../src/sync/postpone.ts";

const intent = (writeId: string, more: Partial<Intent> = {}): Intent => ({ namespace: "a", key: "k", writeId, notedAt: 0, ...more });
const batch = (more: Partial<IntentBatch> = {}): IntentBatch => ({ id: "b", dueAt: 1_000, attempts: 0, intents: [], ...more });
const left = (verdict: Left["verdict"], ...ids: string[]): Left[] => ids.map((id) => ({ intent: intent(id), verdict }));

test("what failed comes again after at most five minutes, what is only watched after at most an hour", () => {
  const pauses = (verdict: Left["verdict"]): number[] =>
    [0, 1, 3, 9].map((attempts) => (postpone(batch({ attempts }), left(verdict, "x"))[0]?.dueAt ?? 0) - 1_000);
  expect(pauses("failed")).toEqual([60_000, 120_000, 300_000, 300_000]);
  expect(pauses("watched")).toEqual([60_000, 120_000, 480_000, 3_600_000]);
});

test("two that saw the same make one batch of it; two that saw differently lose nothing", () => {
  const [a] = postpone(batch(), left("failed", "x", "y"));
  expect(postpone(batch(), left("failed", "x", "y"))).toEqual([a]);
  const other = postpone(batch(), [...left("failed", "y"), ...left("watched", "x")]);
  expect(new Set([a?.id, ...other.map(({ id }) => id)]).size).toBe(3);
});

test("ids do not grow with the number of looks", () => {
  let current = batch();
  for (let i = 0; i < 20; i += 1) [current = current] = postpone(current, left("watched", "x"));
  expect(current.attempts).toBe(20);
  expect(current.id.length).toBeLessThan(20);
});

test("dead is what trying again does not change, after several tries, or what failed for a day; and it stays dead", () => {
  const refused = new QueryError("no");
  const away = new UnavailableError("away");
  expect(isLost(intent("x"), 0, refused, 0)).toBe(false);
  expect(isLost(intent("x"), 4, refused, 0)).toBe(true);
  expect(isLost(intent("x"), 50, away, 0)).toBe(false);
  expect(isLost(intent("x"), 4, away, 25 * 3_600_000)).toBe(true);
  expect(isLost(intent("x", { isDead: true }), 5, away, 0)).toBe(true);
  expect(postpone(batch(), left("dead", "x"))[0]?.intents).toEqual([intent("x", { isDead: true })]);
});
