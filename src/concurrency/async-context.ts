import { AsyncLocalStorage } from "node:async_hooks";

/** Runs a function outside the asynchronous context, and the trace, of its caller: for work that several callers share or that outlives one. */
export const outsideCallers = AsyncLocalStorage.snapshot();
