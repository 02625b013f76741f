import type { AlertNotice } from "../../ports/alerts.ts";

/** A receiver of notices. */
export interface AlertSink {
  /** For messages: "PagerDuty". */
  readonly name: string;

  /**
   * Sends a notice; resolves once the receiver has accepted it.
   *
   * @param signal - aborts the attempt
   * @throws {SinkError} when the notice could not be sent; any other error counts as transient.
   */
  send(notice: AlertNotice, signal: AbortSignal): Promise<void>;
}

/** Failure to send a notice. The message contains no URL and no secret. */
export class SinkError extends Error {
  /** Whether a retry may succeed. */
  readonly isTransient: boolean;
  /** Delay that the receiver requested, milliseconds; null without one. */
  readonly retryAfterMs: number | null;

  constructor(message: string, isTransient: boolean, retryAfterMs: number | null = null) {
    super(message);
    this.name = "SinkError";
    this.isTransient = isTransient;
    this.retryAfterMs = retryAfterMs;
  }
}
