import { expect, test, vi } from "vitest";
import type { OutboxBacklog } from "../../../src/ports/outbox.ts";
import type { Databases } from "../../../src/runtime/databases.ts";
import { stateSources } from "../../../src/runtime/status.ts";

test("counts of the backlog for metrics and alerts go through the guard, one at a time", async () => {
  const first = Promise.withResolvers<OutboxBacklog>();
  const guarded = vi.fn(() => first.promise);
  const direct = vi.fn(() => first.promise);
  const databases = { guards: {}, breakers: { records: null, vectors: null }, collection: null, callPorts: { outbox: { backlog: guarded } }, direct: { outbox: { backlog: direct } } };
  const { outbox } = stateSources(databases as unknown as Databases, null, () => true);
  const counts = [outbox.backlog(10), outbox.backlog(10)];
  expect(guarded).toHaveBeenCalledTimes(1);
  const backlog = { batches: 1 } as OutboxBacklog;
  first.resolve(backlog);
  expect(await Promise.all(counts)).toEqual([backlog, backlog]);
  await outbox.backlog(10);
  expect(guarded).toHaveBeenCalledTimes(2);
  expect(direct).not.toHaveBeenCalled();
});
