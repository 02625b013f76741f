import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import { guardSettled } from "./guard-settled.ts";
import type { Guard } from "./guard.ts";

/**
 * Records behind a guard. Their writes carry their version as timestamp, so they may be sent again.
 *
 * @param budgetMs - longest time for one call, with all its attempts
 */
export function guardItems(items: ItemRepository, guard: Guard, budgetMs: number): ItemRepository {
  return {
    get: (ids) => guard.run(budgetMs, () => items.get(ids)),
    put: (records) => guardSettled(guard, budgetMs, () => items.put(records)),
    list: (query) => guard.run(budgetMs, () => items.list(query)),
    peek: (paths) => guard.run(budgetMs, () => items.peek(paths)),
    markUnscored: (paths) => guard.run(budgetMs, () => items.markUnscored(paths)),
    namespaces: (prefix) => guard.run(budgetMs, () => items.namespaces(prefix)),
    namespacesAfter: (query) => guard.run(budgetMs, () => items.namespacesAfter(query)),
    scan: (after, limit) => guard.run(budgetMs, () => items.scan(after, limit)),
    listed: (records) => guard.run(budgetMs, () => items.listed(records)),
    clearUnscored: (paths, asOf) => guard.run(budgetMs, () => items.clearUnscored(paths, asOf)),
    unregister: (paths, asOf) => guard.run(budgetMs, () => items.unregister(paths, asOf)),
    sweep: (limit) => guard.run(budgetMs, () => items.sweep(limit)),
  };
}

/** The outbox behind the same guard: it lies beside the records. Adding a batch again changes nothing. */
export function guardOutbox(outbox: Outbox, guard: Guard, budgetMs: number): Outbox {
  return {
    add: (batch) => guard.run(budgetMs, () => outbox.add(batch)),
    due: (now, limit) => guard.run(budgetMs, () => outbox.due(now, limit)),
    remove: (batches) => guard.run(budgetMs, () => outbox.remove(batches)),
    backlog: (bound) => guard.run(budgetMs, () => outbox.backlog(bound)),
  };
}
