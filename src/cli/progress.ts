/** Progress with an estimate, for what takes longer than two seconds. */
import { Presets, SingleBar } from "cli-progress";
import type { Terminal } from "./terminal.ts";

/** Nothing is shown before. */
const SHOWN_AFTER_MS = 2_000;

/** Between two lines where the errors go to no terminal. */
const LINE_INTERVAL_MS = 10_000;

/** Resolution of the bar. */
const STEPS = 1_000;

/** Shows how far a command is. */
export class Progress {
  readonly #bar: SingleBar;
  readonly #startedAt = Date.now();
  #isShown = false;

  constructor({ errors }: Terminal, what: string) {
    const format = `${what} {bar} {percentage}% | {text} | {eta_formatted} left`;
    this.#bar = new SingleBar(
      { format, stream: errors, noTTYOutput: true, notTTYSchedule: LINE_INTERVAL_MS, hideCursor: true, etaBuffer: 50 },
      Presets.shades_classic,
    );
  }

  /**
   * Reports progress.
   *
   * @param done - share from 0 to 1
   * @param text - what was done so far
   */
  report(done: number, text: string): void {
    if (!this.#isShown && Date.now() - this.#startedAt < SHOWN_AFTER_MS) return;
    if (!this.#isShown) this.#bar.start(STEPS, 0, { text });
    this.#isShown = true;
    this.#bar.update(Math.min(STEPS, Math.round(done * STEPS)), { text });
  }

  /** Ends the bar. */
  stop(): void {
    if (this.#isShown) this.#bar.stop();
  }
}
