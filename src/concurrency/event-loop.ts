/**
 * Functions of the event loop, as they are when the package is loaded: a test runner with faked timers replaces the global ones later, and
 * calls of the store would wait until the test advances its clock.
 */
import { setImmediate as turn } from "node:timers/promises";

/** Runs a function once the current operation is completed, as `process.nextTick` does. */
export const nextTick = process.nextTick.bind(process);

/** Runs a function in the next turn of the event loop, as `setImmediate` does. */
export const inNextTurn = globalThis.setImmediate;

/** Resolves in the next turn of the event loop. */
export const nextTurn = turn;
