/** Puts another configuration in force, and tells of it: to listeners, in the log, in the audit trail. */
import { reloadIntent, reloadOutcome } from "../audit/reload-entry.ts";
import { actorSource } from "../audit/actor.ts";
import type { Composition } from "./compose.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { messageOf } from "../model/errors.ts";

/** What a reload came to. */
export interface ReloadReport {
  /** Names of the options that differ from before, such as `limits.deadlineMs`; none when there was nothing to do. */
  readonly changed: readonly string[];
}

/**
 * Puts another configuration in force.
 *
 * @param load - gives the configuration when its turn has come
 * @throws what `load` throws, or why it cannot be put in force; the one before stays then.
 */
export async function changeConfig(lifecycle: Lifecycle, load: () => Promise<unknown>): Promise<ReloadReport> {
  const begunAt = Date.now();
  // Of the caller's context, which the turns of a reload do not share.
  const actor = actorOf(lifecycle.composition);
  let intent = reloadIntent({ changed: [], actor, begunAt });
  try {
    await lifecycle.reload(async (current) => {
      const renewal = await current.renew(await load());
      if (renewal !== null) {
        intent = { ...intent, changed: renewal.changed };
        // Into the trail that the change may end: that it was ended shall stand there.
        current.estate.trail?.resource.keepLater([intent]);
      }
      return renewal?.composition ?? null;
    });
  } catch (error) {
    if (lifecycle.isStopped) throw error;
    const { events, estate } = lifecycle.composition;
    events.emit({ type: "config-refused", cause: messageOf(error) });
    estate.trail?.resource.keepLater([reloadOutcome(intent, error)]);
    throw error;
  }
  const changed = intent.changed ?? [];
  if (changed.length > 0) {
    const { events, estate } = lifecycle.composition;
    events.emit({ type: "config-reloaded", changed });
    estate.trail?.resource.keepLater([reloadOutcome(intent)]);
  }
  return { changed };
}

function actorOf({ config: { audit, logger } }: Composition): string | null {
  // A reload is not held up by a function that cannot name its user.
  return audit === undefined ? null : actorSource(audit.actor, "continue", logger)();
}
