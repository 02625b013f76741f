/** Tracks whether the database user of this process may do background writes. */
import { isStoreError, messageOf, type StoreError } from "../model/errors.ts";
import type { Logger } from "../ports/logger.ts";

/** Pause after a refusal, milliseconds: the permission may be granted later. */
const REFUSED_MS = 10 * 60_000;

/**
 * Permissions of one kind of background work: TTL refreshes, reconciliation or sweeps. A process with a read-only user leaves the work
 * to other processes, with one warning for all kinds.
 */
export class MaintenanceRights {
  readonly #warning: RefusalWarning;
  #refusedAt = -Infinity;

  constructor(warning: RefusalWarning) {
    this.#warning = warning;
  }

  /** Whether the database refused this work recently; it is not attempted then. */
  get areMissing(): boolean {
    return performance.now() - this.#refusedAt < REFUSED_MS;
  }

  /** Handles a failure by missing permissions. Returns false for other failures, which the caller has to report. */
  handled(error: unknown): boolean {
    if (!lacksRight(error)) return false;
    this.#refusedAt = performance.now();
    this.#warning.warn(error);
    return true;
  }
}

/** Warns once that permissions are missing. */
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
      "the database user of this process lacks write permissions: TTL refreshes, reconciliation and sweeps are left to other processes",
    );
  }
}

/** Returns whether the database itself refused a request because a permission is missing, and not a proxy in front of it. */
export function lacksRight(error: unknown): error is StoreError {
  if (!isStoreError(error) || error.code !== "PERMISSION") return false;
  return error.details["right"] !== undefined || error.details["code"] !== undefined;
}
