import type { AlertNotice } from "../../ports/alerts.ts";

/** A place that notices are sent to. */
export interface AlertSink {
  /** For messages: "PagerDuty". */
  readonly name: string;

  /**
   * Sends a notice; resolves once the place has it.
   *
   * @param signal - ends the attempt
   * @throws {SinkError} when it could not be sent; any other error counts as one that may pass.
   */
  send(notice: AlertNotice, signal: AbortSignal): Promise<void>;
}

/** A notice could not be sent. The message holds no address and no secret. */
export class SinkError extends Error {
  /** Whether the same notice may be taken later. */
  readonly isPassing: boolean;
  /** The place asks not to be called for so long, milliseconds; null when it does not say. */
  readonly retryAfterMs: number | null;

  constructor(message: string, isPassing: boolean, retryAfterMs: number | null = null) {
    super(message);
    this.name = "SinkError";
    this.isPassing = isPassing;
    this.retryAfterMs = retryAfterMs;
  }
}
