import type { Deadline } from "../concurrency/deadline.ts";
import { isStoreError } from "../model/errors.ts";
import type { Guard } from "./guard.ts";

/**
 * Runs a call whose inputs fail one by one. Outcomes that all failed for a passing reason are a failure of the service,
 * and are tried again as a whole.
 */
export function guardSettled<Out>(
  guard: Guard,
  budgetMs: number,
  call: (deadline: Deadline) => Promise<PromiseSettledResult<Out>[]>,
  caller?: Deadline,
): Promise<PromiseSettledResult<Out>[]> {
  const attempt = async (deadline: Deadline): Promise<PromiseSettledResult<Out>[]> => {
    const outcomes = await call(deadline);
    const [first] = outcomes;
    const allFailed = outcomes.every(({ status }) => status === "rejected");
    if (allFailed && first?.status === "rejected" && isStoreError(first.reason) && first.reason.retryable) throw first.reason;
    return outcomes;
  };
  return guard.run(budgetMs, attempt, caller);
}
