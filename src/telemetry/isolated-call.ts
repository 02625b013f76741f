/**
 * Calls a function of the application whose result is ignored. What it throws, or rejects with, goes to `failed` and no
 * further.
 */
export function callIsolated(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = call();
    // Not only promises of this realm: a rejection that is not handled ends the process.
    if (isThenable(result)) result.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
