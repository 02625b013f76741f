/** Checks that a call ends in time, against a timer of the same process: a busy machine delays both. */
import { expect } from "vitest";

/** Returns what a call resolves to; fails when a timer of `ms` milliseconds that starts with it fires first. */
export async function inTime<T>(ms: number, call: () => T | Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const fail = (): void => {
    try {
      expect.fail(`the call takes longer than a timer of ${ms} ms`);
    } catch (error) {
      reject(error);
    }
  };
  const timer = setTimeout(fail, ms);
  try {
    return await Promise.race([call(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
