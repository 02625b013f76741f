/** Outcomes of operations that run together and fail individually. */
import { SUBJECTS, type Request } from "../model/request.ts";
import { untilAborted } from "./deadline.ts";

const ABORTED_WRITE = "If it had started, it continues and may be stored; otherwise nothing was saved.";

/** Returns the outcome of a successful operation. */
export function fulfilled<Out>(value: Out): PromiseFulfilledResult<Out> {
  return { status: "fulfilled", value };
}

/** Returns the outcome of a failed operation. */
export function rejected(reason: unknown): PromiseRejectedResult {
  return { status: "rejected", reason };
}

/** Runs one task for many operations; if it rejects, each of them has failed. */
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

/** Returns the outcome of a task. */
export async function settled<Out>(task: Promise<Out>): Promise<PromiseSettledResult<Out>> {
  try {
    return fulfilled(await task);
  } catch (reason) {
    return rejected(reason);
  }
}

/** Returns the outcomes of operations that run together; an operation whose caller aborts is rejected at once. */
export function settleEach<Out>(
  callers: readonly Pick<Request, "kind" | "signal">[],
  together: Promise<PromiseSettledResult<Out>[]>,
): Promise<PromiseSettledResult<Out>[]> {
  if (callers.every(({ signal }) => signal === null)) return together;
  return Promise.all(
    callers.map(async ({ kind, signal }, i) => {
      const own = together.then((outcomes) => outcomes[i] as PromiseSettledResult<Out>);
      const outcome = await settled(untilAborted(SUBJECTS[kind], signal, own, kind === "put" ? ABORTED_WRITE : ""));
      return outcome.status === "rejected" ? outcome : outcome.value;
    }),
  );
}
