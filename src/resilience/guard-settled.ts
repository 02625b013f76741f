import type { Deadline } from "../concurrency/deadline.ts";
import { isStoreError } from "../model/errors.ts";
import type { Guard } from "./guard.ts";

/**
 * Runs a call that resolves to one outcome for each of its inputs. If all of them failed for a transient reason, the call
 * counts as failed and is retried with all its inputs.
 */
export function guardSettled<T>(guard: Guard, budgetMs: number, call: (deadline: Deadline) => Promise<T>, callerDeadline?: Deadline): Promise<T> {
  const attempt = async (deadline: Deadline): Promise<T> => {
    const answer = await call(deadline);
    const outcomes = answer as readonly PromiseSettledResult<unknown>[];
    const [first] = outcomes;
    const allFailed = outcomes.every(({ status }) => status === "rejected");
    if (allFailed && first?.status === "rejected" && isStoreError(first.reason) && first.reason.retryable) throw first.reason;
    return answer;
  };
  return guard.run(budgetMs, attempt, callerDeadline);
}
