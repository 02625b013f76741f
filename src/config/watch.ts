import { unwatchFile, watchFile, type Stats } from "node:fs";
import { stat } from "node:fs/promises";

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

  /**
   * @param changed - called after each change; must not reject
   * @param baseline - the state of the file that was read, from {@link stateOf}: a change since then counts too
   */
  constructor(path: string, changed: () => Promise<unknown>, baseline: string | null, { intervalMs = INTERVAL_MS }: WatchOptions = {}) {
    this.#path = path;
    this.#changed = changed;
    this.#intervalMs = intervalMs;
    watchFile(path, { interval: intervalMs, persistent: false }, this.#look);
    void this.#compare(baseline);
  }

  /** Ends the watch. */
  close(): void {
    this.#isClosed = true;
    unwatchFile(this.#path, this.#look);
    if (this.#settling !== null) clearTimeout(this.#settling);
  }

  async #compare(baseline: string | null): Promise<void> {
    if (baseline !== (await stateOf(this.#path))) this.#settle();
  }

  /** One that is half written, or taken away to be replaced, is not looked at until it has settled. */
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

/** Tells states of a file apart; null while it cannot be read, as when it is being replaced. */
export async function stateOf(path: string): Promise<string | null> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    // The reload that follows says what is wrong with the file.
    return null;
  }
}
