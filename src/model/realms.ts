/**
 * Recognizes values of JavaScript's own types, including values of another realm: a `vm` context, such as a test file of Jest,
 * has its own `Map` and `Error`, and `instanceof` is false for those of the others.
 */
import { types } from "node:util";

export const isDate = (value: unknown): value is Date => types.isDate(value);

export const isMap = (value: unknown): value is Map<unknown, unknown> => types.isMap(value);

export const isSet = (value: unknown): value is Set<unknown> => types.isSet(value);

/** Whether an object needs none of the other tests: they cost more, and most objects are plain. False for those of another realm. */
export const isOwnPlainObject = (value: object): boolean => Object.getPrototypeOf(value) === Object.prototype;

/** Whether a value is an object that may hold options as its fields: not an array, a `Map`, a `Date` or another built-in object. */
export function holdsFields(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return isOwnPlainObject(value) || Object.prototype.toString.call(value) === "[object Object]";
}

/** Whether a value is a `Uint8Array`, such as a `Buffer`. */
export const isBytes = (value: unknown): value is Uint8Array => types.isUint8Array(value);

/** Whether a value is an error, a `DOMException` included, which older runtimes do not count as a native error. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error || Object.prototype.toString.call(value) === "[object DOMException]";
  } catch {
    // A revoked proxy, or a getter that throws.
    return false;
  }
}

/** Whether a value is an `AbortSignal`: it has the members that are used here. Polyfills and jsdom have their own class. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as { readonly [Name in keyof AbortSignal]?: unknown };
  return typeof aborted === "boolean" && typeof addEventListener === "function" && typeof removeEventListener === "function";
}
