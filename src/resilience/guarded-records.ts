import { decorate, type Around } from "../ports/decorate.ts";
import { ITEM_REPOSITORY_INPUTS, type ItemRepository } from "../ports/item-repository.ts";
import { OUTBOX_INPUTS, type Outbox } from "../ports/outbox.ts";
import { guardSettled } from "./guard-settled.ts";
import type { Guard } from "./guard.ts";

/** Time budgets of calls to the records whose caller has no deadline, with all attempts, milliseconds. */
export interface RecordBudgets {
  readonly readMs: number;
  readonly writeMs: number;
  /** For scans and other calls of maintenance. */
  readonly maintenanceMs: number;
}

/** The budget applies only without a caller's deadline: the deadline of a put is later than the budget of a read. */
function within(guard: Guard, budgetMs: number): Around {
  return (call, callerDeadline) => guard.run(callerDeadline === undefined ? budgetMs : Infinity, call, callerDeadline);
}

/** Returns the repository with its calls run through a guard. Writes carry their version as timestamp, so they may be retried. */
export function guardItems(items: ItemRepository, guard: Guard, { readMs, writeMs, maintenanceMs }: RecordBudgets): ItemRepository {
  const [read, write, maintain] = [within(guard, readMs), within(guard, writeMs), within(guard, maintenanceMs)];
  return decorate(items, ITEM_REPOSITORY_INPUTS, {
    get: read,
    put: (call, callerDeadline) => guardSettled(guard, callerDeadline === undefined ? writeMs : Infinity, call, callerDeadline),
    list: read,
    peek: read,
    markUnscored: write,
    namespacesAfter: read,
    scan: maintain,
    listed: maintain,
    clearUnscored: maintain,
    unregister: maintain,
    sweep: maintain,
  });
}

/** Returns the outbox with its calls run through the guard of the records, which are in the same database. Adds are idempotent. */
export function guardOutbox(outbox: Outbox, guard: Guard, { readMs, writeMs }: RecordBudgets): Outbox {
  const [read, write] = [within(guard, readMs), within(guard, writeMs)];
  return decorate(outbox, OUTBOX_INPUTS, { add: write, due: read, remove: write, backlog: read });
}
