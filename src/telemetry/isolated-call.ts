/**
 * Calls a function of the application and ignores its result. Passes a thrown error or a rejection to `failed`.
 */
export function callIsolated(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = call();
    // Any thenable, not only promises of this realm: an unhandled rejection would end the process.
    if (isThenable(result)) result.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
