/** Applies another configuration to a running store, and reports it: to listeners, in the log and in the audit trail. */
import { actorSource } from "../audit/actor.ts";
import { reloadIntent, reloadOutcome } from "../audit/reload-entry.ts";
import { messageOf } from "../model/errors.ts";
import type { AuditEntry } from "../ports/audit.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Runtime } from "./runtime.ts";

/** Outcome of a reload. */
export interface ReloadReport {
  /** Names of the options that differ from before, such as `limits.deadlineMs`; empty when nothing was to change. */
  readonly changed: readonly string[];
}

/**
 * Applies another configuration.
 *
 * @param load - reads the configuration; called when earlier reloads are done
 * @throws what `load` throws, or the reason why the configuration cannot be applied; the current one then stays.
 */
export async function reloadConfig(lifecycle: Lifecycle, load: () => Promise<unknown>): Promise<ReloadReport> {
  const begunAt = Date.now();
  // Determined before the reload, which may wait for another one and then runs outside the caller's context.
  const actor = actorOf(lifecycle.runtime);
  let intent = reloadIntent({ changed: [], actor, begunAt });
  try {
    await lifecycle.reload(async (current) => {
      const next = await current.createNext(await load());
      if (next === null) return null;
      intent = { ...intent, changed: next.databases.changed };
      // To the current trail: if the reload removes the audit trail, the trail must show who removed it.
      audit(current, intent);
      return next;
    });
  } catch (error) {
    if (lifecycle.isStopped) throw error;
    lifecycle.runtime.events.emit({ type: "config-refused", cause: messageOf(error) });
    audit(lifecycle.runtime, reloadOutcome(intent, error));
    throw error;
  }
  const changed = intent.changed ?? [];
  if (changed.length > 0) {
    lifecycle.runtime.events.emit({ type: "config-reloaded", changed });
    audit(lifecycle.runtime, reloadOutcome(intent));
  }
  return { changed };
}

function audit({ shared }: Runtime, entry: AuditEntry): void {
  shared.trail?.resource.writeLater([entry]);
}

function actorOf({ config }: Runtime): string | null {
  // Policy "continue": a reload must not fail because `audit.actor` cannot name a user.
  return config.audit === undefined ? null : actorSource(config.audit.actor, "continue", config.logger)();
}
