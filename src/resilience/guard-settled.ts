import { isStoreError } from "../model/errors.ts";
import type { Guard } from "./guard.ts";

/**
 * Runs a call whose inputs fail one by one. Outcomes that all failed for a passing reason are a failure of the service,
 * and are tried again as a whole.
 */
export function guardSettled<Out>(
  guard: Guard,
  budgetMs: number,
  call: () => Promise<PromiseSettledResult<Out>[]>,
): Promise<PromiseSettledResult<Out>[]> {
  return guard.run(budgetMs, async () => {
    const outcomes = await call();
    const [first] = outcomes;
    const allFailed = outcomes.every(({ status }) => status === "rejected");
    if (allFailed && first?.status === "rejected" && isStoreError(first.reason) && first.reason.retryable) throw first.reason;
    return outcomes;
  });
}
