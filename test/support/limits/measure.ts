/**
 * Measures one call: how long it kept the event loop, and how much memory it took. Times are processor time of the main
 * thread, so that a busy machine does not make them longer.
 */

/** What was measured of a call. */
export interface Measured {
  /** Longest stretch, in milliseconds of processor time, between two turns of the event loop. */
  readonly blockedMs: number;
  /** Growth of resident memory at its peak, in bytes. */
  readonly grownBytes: number;
  readonly outcome: PromiseSettledResult<unknown>;
}

/** Longest allowed stretch, in milliseconds; longer where the JSON of the same bytes takes a quarter of it. */
const ALLOWED_MS = 100;
const TIMES_JSON = 4;

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Runs a call. */
export async function measure(call: () => Promise<unknown>): Promise<Measured> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let [last, blockedMs, peak, isOver] = [threadMs(), 0, before, false];
  const note = (): void => {
    const now = threadMs();
    blockedMs = Math.max(blockedMs, now - last);
    peak = Math.max(peak, process.memoryUsage.rss());
    last = threadMs();
  };
  const turn = (): void => {
    note();
    if (!isOver) setTimeout(turn, 1);
  };
  setTimeout(turn, 1);
  last = threadMs();
  const [outcome] = await Promise.allSettled([Promise.resolve().then(call)]);
  note();
  isOver = true;
  return { blockedMs, grownBytes: peak - before, outcome };
}

/** How long a call may keep the event loop that takes, or gives, so many bytes of JSON as `text`. */
export function allowedMs(text: string): number {
  const started = threadMs();
  JSON.stringify(JSON.parse(text));
  return Math.max(ALLOWED_MS, TIMES_JSON * (threadMs() - started));
}
