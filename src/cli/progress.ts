/** Progress with an estimate, for what takes longer than two seconds. */
import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.ts";

/** Time before anything is shown. */
const SHOWN_AFTER_MS = 2_000;

/** Interval between two lines if the error stream is no terminal. */
const LINE_INTERVAL_MS = 10_000;

/** Resolution of the bar. */
const STEPS = 1_000;

/** Shows the progress of a command, with an estimate of the remaining time if the total is known. */
export class Progress {
  readonly #errors: Terminal["errors"];
  readonly #what: string;
  readonly #startedAt = Date.now();
  #bar: SingleBar | null = null;
  #position: string | null = null;

  constructor({ errors }: Terminal, what: string) {
    this.#errors = errors;
    this.#what = what;
  }

  /** What was done at the last report; null before the first. */
  get position(): string | null {
    return this.#position;
  }

  /**
   * Reports progress.
   *
   * @param done - share from 0 to 1; null where the total is not known
   * @param text - what was done so far
   */
  report(done: number | null, text: string): void {
    this.#position = text;
    if (this.#bar === null && Date.now() - this.#startedAt < SHOWN_AFTER_MS) return;
    const step = Math.min(STEPS, Math.round((done ?? 0) * STEPS));
    const left = this.#leftAt(done ?? 0);
    if (this.#bar === null) this.#bar = this.#start(done !== null, step, { text, left });
    else this.#bar.update(step, { text, left });
  }

  /** Ends the display. */
  stop(): void {
    this.#bar?.stop();
  }

  /** Estimates the remaining time from the time so far. */
  #leftAt(done: number): string {
    if (done <= 0) return "unknown time";
    const seconds = Math.ceil(((Date.now() - this.#startedAt) / 1_000) * (1 / Math.min(1, done) - 1));
    return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
  }

  #start(isEstimated: boolean, step: number, shown: { readonly text: string; readonly left: string }): SingleBar {
    const format = isEstimated ? `${this.#what} {bar} {percentage}% | {text} | {left} left` : `${this.#what} {text} in {duration_formatted}`;
    const bar = new SingleBar({ format, stream: this.#errors, noTTYOutput: true, notTTYSchedule: LINE_INTERVAL_MS, hideCursor: true }, Presets.shades_classic);
    bar.start(STEPS, step, shown);
    return bar;
  }
}
