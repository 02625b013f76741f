/** Validation of single fields of operations and options. */
import { AbortError, kindOf, ValidationError } from "./errors.ts";
import { parseTextPath, pathsIn } from "./index-text.ts";
import type { IndexOverride } from "./item.ts";
import type { ListingOrder, RequestLimits } from "./request.ts";
import { SEARCH_MODES, type SearchMode } from "./search-mode.ts";
import { isAbortSignal } from "./realms.ts";

/** Validates a key: any well-formed text. */
export function parseKey(key: unknown, { maxKeyBytes }: RequestLimits): string {
  if (typeof key !== "string") throw new ValidationError(`key must be a text, but got ${kindOf(key)}.`);
  if (!key.isWellFormed()) throw new ValidationError("key contains a lone surrogate, which cannot be stored.");
  const bytes = Buffer.byteLength(key);
  if (bytes > maxKeyBytes) {
    throw new ValidationError(`key is ${bytes} bytes long; at most ${maxKeyBytes} are allowed (limits.maxKeyBytes).`);
  }
  return key;
}

/** Validates an `index` option: `false`, or a list of paths; equal paths count once. */
export function parseIndex(index: unknown, { maxIndexPaths }: Pick<RequestLimits, "maxIndexPaths">): IndexOverride {
  if (index === undefined || index === null) return undefined;
  if (index === false) return false;
  if (!Array.isArray(index)) {
    throw new ValidationError(`index must be false or a list of paths, but got ${kindOf(index)}.`);
  }
  const paths = new Set<string>();
  let count = 0;
  for (let i = 0; i < index.length; i += 1) {
    const path: unknown = index[i];
    if (paths.has(path as string)) continue;
    count += pathsIn(parseTextPath(path));
    if (count > maxIndexPaths) {
      throw new ValidationError(
        `index has more than ${maxIndexPaths} paths (limits.maxIndexPaths): use the path of an enclosing object.`,
      );
    }
    paths.add(path as string);
  }
  return [...paths];
}

/** Validates a count: a whole number from 0 to a bound set by an option. */
export function parseCount(count: unknown, name: string, most = Number.MAX_SAFE_INTEGER, option = ""): number {
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) {
    const given = typeof count === "number" ? String(count) : kindOf(count);
    throw new ValidationError(`${name} must be a whole number of at least 0, but got ${given}.`);
  }
  if (count > most) {
    throw new ValidationError(`${name} is ${count}; at most ${most} is allowed (${option}): use several pages.`);
  }
  return count;
}

/** Validates a switch: true, false, or undefined for the configuration. */
export function parseSwitch(value: unknown, name: string): boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value;
  throw new ValidationError(`${name} must be true or false, but got ${kindOf(value)}.`);
}

/** Checks a signal; one that was given already ends the operation before it begins. */
export function parseSignal(signal: unknown): AbortSignal | null {
  if (signal === undefined || signal === null) return null;
  if (!isAbortSignal(signal)) throw new ValidationError(`signal must be an AbortSignal, but got ${kindOf(signal)}.`);
  if (!signal.aborted) return signal;
  throw new AbortError("The operation was aborted before it began; nothing was done.", { cause: signal.reason });
}

/** Validates an order of listing. */
export function parseOrder(order: unknown): ListingOrder {
  if (order === "oldest" || order === "newest") return order;
  throw new ValidationError(`order must be "oldest" or "newest", but got ${typeof order === "string" ? JSON.stringify(order.slice(0, 20)) : kindOf(order)}.`);
}

/** Checks a mode of ranking. */
export function parseMode(mode: unknown): SearchMode | null {
  if (mode === null) return null;
  const known = SEARCH_MODES.find((each) => each === mode);
  if (known !== undefined) return known;
  const given = typeof mode === "string" ? JSON.stringify(mode.slice(0, 40)) : kindOf(mode);
  throw new ValidationError(`mode must be ${SEARCH_MODES.map((each) => JSON.stringify(each)).join(", ")}, but got ${given}.`);
}

/** Checks a lowest score. */
export function parseMinScore(minScore: unknown): number | null {
  if (minScore === null) return null;
  if (typeof minScore === "number" && !Number.isNaN(minScore)) return minScore;
  throw new ValidationError(`minScore must be a number, but got ${kindOf(minScore)}.`);
}
