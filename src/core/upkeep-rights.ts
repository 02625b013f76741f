/** What this process may write on its own account, beside what it is asked to. */
import { isStoreError, messageOf, type StoreError } from "../model/errors.ts";
import type { Logger } from "../ports/logger.ts";

/** A right that is missing may be granted later; it is tried after so long, milliseconds. */
const REFUSED_MS = 10 * 60_000;

/**
 * One kind of upkeep: renewals of what is read, the notes of writes that did not end, or the sweep of what has ended.
 * Whoever may only read leaves it to processes that may write. One warning says so for all kinds.
 */
export class UpkeepRights {
  readonly #warning: RefusalWarning;
  #refusedAt = -Infinity;

  constructor(warning: RefusalWarning) {
    this.#warning = warning;
  }

  /** Whether a right was found missing lately: this kind of upkeep is then not even tried. */
  get areMissing(): boolean {
    return performance.now() - this.#refusedAt < REFUSED_MS;
  }

  /** Takes note of a failure; false when it is none of rights, and has to be told otherwise. */
  handled(error: unknown): boolean {
    if (!lacksRight(error)) return false;
    this.#refusedAt = performance.now();
    this.#warning.warn(error);
    return true;
  }
}

/** Warns once that rights are missing. */
export class RefusalWarning {
  readonly #logger: Logger;
  #hasWarned = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  warn(error: StoreError): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn(
      { ...error.details, cause: messageOf(error) },
      "this process lacks a right to write: what it would renew, finish or sweep on its own is left to others",
    );
  }
}

/** Whether a database refused a request for want of a right, and not something in front of it for another reason. */
export function lacksRight(error: unknown): error is StoreError {
  if (!isStoreError(error) || error.code !== "PERMISSION") return false;
  return error.details["right"] !== undefined || error.details["code"] !== undefined;
}
