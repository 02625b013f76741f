/** Outcomes of several operations, at their positions, with a bound on how many run at once. */
import { limitFunction } from "p-limit";

/** Runs `task` on every input, at most `concurrency` at once, and says what became of each. */
export function settleEach<In, Out>(
  inputs: readonly In[],
  concurrency: number,
  task: (input: In) => Promise<Out>,
): Promise<PromiseSettledResult<Out>[]> {
  const limited = limitFunction(task, { concurrency });
  return Promise.allSettled(inputs.map((input) => limited(input)));
}

/** Runs one task for all inputs; when it fails as a whole, each of them has failed. */
export async function settleTogether<Out>(
  count: number,
  task: () => Promise<PromiseSettledResult<Out>[]>,
): Promise<PromiseSettledResult<Out>[]> {
  try {
    return await task();
  } catch (reason) {
    return Array.from({ length: count }, () => rejected(reason));
  }
}

/** The outcome of an operation that succeeded. */
export function fulfilled<Out>(value: Out): PromiseFulfilledResult<Out> {
  return { status: "fulfilled", value };
}

/** The outcome of an operation that failed. */
export function rejected(reason: unknown): PromiseRejectedResult {
  return { status: "rejected", reason };
}
