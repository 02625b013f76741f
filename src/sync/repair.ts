/** Holds every record against its vectors, and brings them in step: the net under the net. */
import { mapBounded } from "../concurrency/bounded.ts";
import { walk } from "../core/listing.ts";
import { reconcileItem, type ReconcileGround } from "../core/reconcile-item.ts";
import type { LiveRecord } from "../model/item.ts";
import type { Logger } from "../ports/logger.ts";

/** What became of a repair. */
export interface RepairReport {
  /** Records that were looked at. */
  readonly examined: number;
  /** Those that could not be brought in step; the log says why. */
  readonly failed: number;
}

const ITEMS_AT_ONCE = 16;

/** Looks at every live record. May run beside writers, and twice at once. */
export async function repairAll(ground: ReconcileGround, logger: Logger): Promise<RepairReport> {
  let examined = 0;
  let failed = 0;
  const repair = async (record: LiveRecord): Promise<void> => {
    examined += 1;
    try {
      await reconcileItem(ground, record);
    } catch (error) {
      failed += 1;
      logger.warn({ cause: error instanceof Error ? error.message : String(error) }, "an item could not be repaired");
    }
  };
  let group: LiveRecord[] = [];
  for await (const record of walk(ground.items, { prefix: "", order: "oldest", after: null, expected: 500 })) {
    group.push(record);
    if (group.length < ITEMS_AT_ONCE) continue;
    await mapBounded(group, ITEMS_AT_ONCE, repair);
    group = [];
  }
  await mapBounded(group, ITEMS_AT_ONCE, repair);
  return { examined, failed };
}
