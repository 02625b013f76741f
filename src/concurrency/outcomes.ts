/** Outcomes of operations that were started together: one failing neither undoes nor hides another. */
import { untilAborted } from "./deadline.ts";

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
  try {
    return fulfilled(await task);
  } catch (reason) {
    return rejected(reason);
  }
}

/** The outcome of each of those that run together; that of one whose caller gave up does not wait for them. */
export function settleEach<Out>(
  callers: readonly { readonly signal: AbortSignal | null }[],
  together: Promise<PromiseSettledResult<Out>[]>,
): Promise<PromiseSettledResult<Out>[]> {
  if (callers.every(({ signal }) => signal === null)) return together;
  return Promise.all(
    callers.map(async ({ signal }, i) => {
      const own = together.then((outcomes) => outcomes[i] as PromiseSettledResult<Out>);
      const outcome = await settled(untilAborted(signal, own));
      return outcome.status === "rejected" ? outcome : outcome.value;
    }),
  );
}
