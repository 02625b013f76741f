import type { Deadline } from "../concurrency/deadline.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import { guardSettled } from "./guard-settled.ts";
import type { Guard } from "./guard.ts";

/** Longest times for calls to the records that have no deadline of their caller, with all their attempts, milliseconds. */
export interface RecordBudgets {
  readonly readMs: number;
  readonly writeMs: number;
  /** For scans, and what else only maintenance asks for. */
  readonly maintenanceMs: number;
}

type Run = <T>(call: (deadline: Deadline) => Promise<T>, deadline: Deadline | undefined) => Promise<T>;

/** A caller's deadline is the only bound where there is one: that of a put is later than a read's. */
function runner(guard: Guard, budgetMs: number): Run {
  return (call, deadline) => guard.run(deadline === undefined ? budgetMs : Infinity, call, deadline);
}

/** Records behind a guard. Their writes carry their version as timestamp, so they may be sent again. */
export function guardItems(items: ItemRepository, guard: Guard, { readMs, writeMs, maintenanceMs }: RecordBudgets): ItemRepository {
  const [read, write, maintain] = [runner(guard, readMs), runner(guard, writeMs), runner(guard, maintenanceMs)];
  return {
    get: (ids, caller) => read((deadline) => items.get(ids, deadline), caller),
    put: (records, caller) =>
      guardSettled(guard, caller === undefined ? writeMs : Infinity, (deadline) => items.put(records, deadline), caller),
    list: (query, caller) => read((deadline) => items.list(query, deadline), caller),
    peek: (paths, caller) => read((deadline) => items.peek(paths, deadline), caller),
    markUnscored: (paths, caller) => write((deadline) => items.markUnscored(paths, deadline), caller),
    namespacesAfter: (query, caller) => read((deadline) => items.namespacesAfter(query, deadline), caller),
    scan: (after, limit, caller) => maintain((deadline) => items.scan(after, limit, deadline), caller),
    listed: (records, caller) => maintain((deadline) => items.listed(records, deadline), caller),
    clearUnscored: (paths, asOf, caller) => maintain((deadline) => items.clearUnscored(paths, asOf, deadline), caller),
    unregister: (paths, asOf, caller) => maintain((deadline) => items.unregister(paths, asOf, deadline), caller),
    sweep: (limit, caller) => maintain((deadline) => items.sweep(limit, deadline), caller),
  };
}

/** The outbox behind the same guard: it lies beside the records. Adding a batch again changes nothing. */
export function guardOutbox(outbox: Outbox, guard: Guard, { readMs, writeMs }: RecordBudgets): Outbox {
  const [read, write] = [runner(guard, readMs), runner(guard, writeMs)];
  return {
    add: (batch, caller) => write((deadline) => outbox.add(batch, deadline), caller),
    due: (now, limit, caller) => read((deadline) => outbox.due(now, limit, deadline), caller),
    remove: (batches, caller) => write((deadline) => outbox.remove(batches, deadline), caller),
    backlog: (bound, caller) => read((deadline) => outbox.backlog(bound, deadline), caller),
  };
}
