/** Outcomes of operations that were started together: one failing neither undoes nor hides another. */

/** The outcome of an operation that succeeded. */
export function fulfilled<Out>(value: Out): PromiseFulfilledResult<Out> {
  return { status: "fulfilled", value };
}

/** The outcome of an operation that failed. */
export function rejected(reason: unknown): PromiseRejectedResult {
  return { status: "rejected", reason };
}

/** Runs one task for many operations; when it fails as a whole, each of them has failed. */
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

/** What becomes of one task. */
export async function settled<Out>(task: Promise<Out>): Promise<PromiseSettledResult<Out>> {
  const [outcome] = await Promise.allSettled([task]);
  return outcome;
}
