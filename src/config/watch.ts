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
  readonly #onChange: () => Promise<unknown>;
  readonly #intervalMs: number;
  readonly #onStat = ({ mtimeMs }: Stats): void => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Without a modification time, the file is missing: it is being replaced.
    if (mtimeMs !== 0) this.#notifyWhenStable();
  };
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /**
   * @param onChange - called after each change; must not reject
   * @param baseline - state of the file when it was read, from {@link stateOf}; a change since then is reported too
   */
  constructor(path: string, onChange: () => Promise<unknown>, baseline: string | null, { intervalMs = INTERVAL_MS }: WatchOptions = {}) {
    this.#path = path;
    this.#onChange = onChange;
    this.#intervalMs = intervalMs;
    watchFile(path, { interval: intervalMs, persistent: false }, this.#onStat);
    void this.#compare(baseline);
  }

  /** Stops watching. */
  close(): void {
    this.#isClosed = true;
    unwatchFile(this.#path, this.#onStat);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #compare(baseline: string | null): Promise<void> {
    if (baseline !== (await stateOf(this.#path))) this.#notifyWhenStable();
  }

  /** Notifies once the file has not changed for one interval: it may still be being written. */
  #notifyWhenStable(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#onChange(), this.#intervalMs).unref();
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
