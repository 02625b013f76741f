import { unwatchFile, watchFile, type Stats } from "node:fs";

/** How a file is watched. */
export interface WatchOptions {
  /**
   * Pause between two looks at the file, in milliseconds; a change counts once the file has stayed as it is for that long.
   * @default 1000
   */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 1_000;

/**
 * Watches a file by looking at it again and again, which also sees files that are replaced, links that are turned to
 * another file (as Kubernetes does with mounted configuration) and network drives. Does not keep the process alive.
 */
export class ConfigWatch {
  readonly #path: string;
  readonly #changed: () => Promise<unknown>;
  readonly #intervalMs: number;
  readonly #look = (now: Stats): void => this.#see(now);
  #settling: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @param changed - called after each change; must not reject */
  constructor(path: string, changed: () => Promise<unknown>, { intervalMs = INTERVAL_MS }: WatchOptions = {}) {
    this.#path = path;
    this.#changed = changed;
    this.#intervalMs = intervalMs;
    watchFile(path, { interval: intervalMs, persistent: false }, this.#look);
  }

  /** Ends the watch. */
  close(): void {
    this.#isClosed = true;
    unwatchFile(this.#path, this.#look);
    if (this.#settling !== null) clearTimeout(this.#settling);
  }

  /** One that is half written, or taken away to be replaced, is not looked at until it has settled. */
  #see(now: Stats): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    if (this.#isClosed || now.mtimeMs === 0) return;
    this.#settling = setTimeout(() => void this.#changed(), this.#intervalMs).unref();
  }
}
