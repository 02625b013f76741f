import { unwatchFile, watchFile, type Stats } from "node:fs";
import { stat } from "node:fs/promises";

/** How a file is watched. */
export interface WatchOptions {
  /**
   * Polling interval, in milliseconds; a change is applied once the file has been stable for that long.
   * @default 1000
   */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 1_000;

/**
 * Watches a file by polling, which also detects replaced files, symbolic links that change their target (as Kubernetes
 * does with mounted configuration) and files on network drives. Does not keep the process alive.
 */
export class ConfigWatch {
  readonly #path: string;
  readonly #changed: () => Promise<unknown>;
  readonly #intervalMs: number;
  readonly #look = (now: Stats): void => this.#see(now);
  #settling: NodeJS.Timeout | null = null;
  #isClosed = false;

  /**
   * @param changed - called after each change; must not reject
   * @param baseline - state of the file when it was read, from {@link stateOf}; a change since then is reported too
   */
  constructor(path: string, changed: () => Promise<unknown>, baseline: string | null, { intervalMs = INTERVAL_MS }: WatchOptions = {}) {
    this.#path = path;
    this.#changed = changed;
    this.#intervalMs = intervalMs;
    watchFile(path, { interval: intervalMs, persistent: false }, this.#look);
    void this.#compare(baseline);
  }

  /** Stops watching. */
  close(): void {
    this.#isClosed = true;
    unwatchFile(this.#path, this.#look);
    if (this.#settling !== null) clearTimeout(this.#settling);
  }

  async #compare(baseline: string | null): Promise<void> {
    if (baseline !== (await stateOf(this.#path))) this.#settle();
  }

  /** Waits until a file that is being written or replaced is stable. */
  #see(now: Stats): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    if (now.mtimeMs !== 0) this.#settle();
  }

  #settle(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    if (this.#isClosed) return;
    this.#settling = setTimeout(() => void this.#changed(), this.#intervalMs).unref();
  }
}

/** Returns a text that identifies the state of a file; null while the file is unreadable, as during replacement. */
export async function stateOf(path: string): Promise<string | null> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    // The following reload reports what is wrong with the file.
    return null;
  }
}
