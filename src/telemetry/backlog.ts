/** Counts recorded intents, for the health check, gauges and alerts. */
import { Deadline } from "../concurrency/deadline.ts";
import { settled } from "../concurrency/outcomes.ts";
import type { Outbox, OutboxBacklog } from "../ports/outbox.ts";

/** Bound of the number of batches that are counted. */
const BATCHES_COUNTED = 1_000;

/** Timeout of the count, milliseconds, so that it does not delay other gauges and conditions. */
const DEADLINE_MS = 2_000;

/** Returns the backlog; null when it could not be counted: the calls to the records, in the same database, report that failure. */
export async function countBacklog(outbox: Pick<Outbox, "backlog">, deadline = new Deadline(DEADLINE_MS)): Promise<OutboxBacklog | null> {
  const counted = await settled(deadline.wait("Counting the backlog", outbox.backlog(BATCHES_COUNTED)));
  return counted.status === "fulfilled" ? counted.value : null;
}

/** Returns the age of the oldest due intent, milliseconds; 0 when none is due. */
export function overdueMsOf({ oldestDueAt }: Pick<OutboxBacklog, "oldestDueAt">): number {
  return oldestDueAt === null ? 0 : Math.max(0, Date.now() - oldestDueAt);
}
