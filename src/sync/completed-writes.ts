/** Drops the intents of completed writes. */
import { mapBounded } from "../concurrency/bounded.ts";
import type { CompletedBatch, IntentLog } from "../core/intent-log.ts";
import { readEach, UNREADABLE } from "../core/read-each.ts";
import { reconcileItem, type ReconcileDependencies } from "../core/reconcile-item.ts";
import { lacksRight } from "../core/maintenance-rights.ts";
import { messageOf } from "../model/errors.ts";
import { isLive } from "../model/item.ts";
import type { Logger } from "../ports/logger.ts";
import type { Intent, IntentBatch, Outbox } from "../ports/outbox.ts";
import { FailureStreak } from "./failure-streak.ts";

/** What dropping intents depends on. */
interface CompletedWritesOptions {
  readonly dependencies: ReconcileDependencies;
  readonly outbox: Outbox;
  readonly log: IntentLog;
  readonly logger: Logger;
}

/** Most items that are reconciled concurrently. */
const ITEMS_AT_ONCE = 8;

/** Writes that are compared with their records at once; ten thousand blocked the event loop for 25 ms. */
const CHECKED_AT_ONCE = 200;

/**
 * Drops the intents of completed writes. Of two concurrent writes to one key, the later may have no vectors and miss those
 * that the earlier writes after it; this removes them. A batch with a failed item stays in the outbox until it is due.
 */
export async function dropCompleted(options: CompletedWritesOptions, completed: readonly CompletedBatch[]): Promise<void> {
  if (completed.length === 0) return;
  const { log, logger } = options;
  const failures = new FailureStreak();
  const failed = new Set<CompletedBatch>();
  const check = completed.flatMap((batch) => batch.check.map((intent) => ({ intent, batch })));
  try {
    for (let start = 0; start < check.length; start += CHECKED_AT_ONCE) {
      const part = check.slice(start, start + CHECKED_AT_ONCE);
      await failures.attempt(
        () => removeOrphans(options, part, failed),
        (error) => {
          for (const { batch } of part) failed.add(batch);
          logger.debug({ cause: messageOf(error) }, "intents of completed writes could not be verified; they stay until they are due");
        },
      );
    }
    await removeBatches(options, completed.filter((each) => !failed.has(each)).map(({ batch }) => batch));
  } catch (error) {
    log.putBack(completed);
    throw error;
  }
}

/** Removes batches from the outbox and from the log of this process. */
export async function removeBatches({ outbox, log }: Pick<CompletedWritesOptions, "outbox" | "log">, batches: readonly IntentBatch[]): Promise<void> {
  await outbox.remove(batches);
  log.forget(batches);
}

/** @param failed - receives the batches with an item that could not be processed */
async function removeOrphans(
  { dependencies, logger }: CompletedWritesOptions,
  part: readonly { readonly intent: Intent; readonly batch: CompletedBatch }[],
  failed: Set<CompletedBatch>,
): Promise<void> {
  const records = await readEach(dependencies.items, part.map(({ intent }) => intent));
  const orphaned = part.filter(({ batch }, i) => {
    const record = records[i] ?? null;
    if (record === UNREADABLE) failed.add(batch);
    return record !== UNREADABLE && (!isLive(record, Date.now()) || record.vectorCount === 0);
  });
  await mapBounded(orphaned, ITEMS_AT_ONCE, async ({ intent, batch }) => {
    try {
      await reconcileItem(dependencies, intent);
    } catch (error) {
      if (lacksRight(error)) throw error;
      failed.add(batch);
      logger.debug({ cause: messageOf(error) }, "vectors of a completed write could not be verified; its intent stays until it is due");
    }
  });
}
