/**
 * Measures how long a call blocked the event loop, and its memory. Times are CPU time of the main
 * thread in one turn of the event loop, so other processes do not count.
 */

/** Measurements of a call. */
export interface Measured {
  /** Longest time between two turns of the event loop, in milliseconds of CPU time. */
  readonly blockedMs: number;
  /** Growth of resident memory at its peak, in bytes, without garbage: see {@link Memory}. */
  readonly grownBytes: number;
  /** The decoded record whose JSON took longest to parse; null if none was decoded. */
  readonly largestRead: string | null;
  readonly outcome: PromiseSettledResult<unknown>;
}

/** Longest allowed time in milliseconds; longer if the JSON of the same bytes takes a quarter of it. */
const ALLOWED_MS = 100;
const TIMES_JSON = 4;

/** A text, and the milliseconds that its JSON takes on an idle machine of the speed for which {@link ALLOWED_MS} was chosen. */
const REFERENCE = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ id: i, name: `name ${i}`, done: i % 2 === 0, score: 1.5 })));
const REFERENCE_MS = 12;
const REFERENCE_RUNS = 4;

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Shorter texts are ignored, because their JSON takes far less time than any call may. */
const LONG_TEXT = 64 * 1024;

/** Records the JSON text that takes longest to parse. */
function watchReads(): () => string | null {
  const parse = JSON.parse;
  let [largest, longest]: [string | null, number] = [null, -1];
  JSON.parse = (text: string, reviver?: Parameters<typeof parse>[1]): unknown => {
    if (text.length < LONG_TEXT) return parse(text, reviver) as unknown;
    const started = threadMs();
    const value: unknown = parse(text, reviver);
    const took = threadMs() - started;
    if (took > longest) [largest, longest] = [text, took];
    return value;
  };
  return () => {
    JSON.parse = parse;
    return largest;
  };
}

/** Growth of resident memory from which garbage is collected before it counts. */
const LARGE_BYTES = 96 * 1024 * 1024;

/** Further growth until garbage is collected again. */
const STEP_BYTES = 16 * 1024 * 1024;

/**
 * The peak of resident memory. Large growth counts only as far as it remains after a collection: on a busy machine the collector
 * is late, and garbage is not what a call needs. Unlike the size of the heap, resident memory includes that of other threads and
 * of native code. Without `--expose-gc`, garbage counts.
 */
class Memory {
  readonly #before: number;
  #peak = 0;

  constructor() {
    globalThis.gc?.();
    this.#before = process.memoryUsage.rss();
  }

  get grownBytes(): number {
    return this.#peak;
  }

  note(): void {
    let grown = process.memoryUsage.rss() - this.#before;
    if (grown > LARGE_BYTES && grown > this.#peak + STEP_BYTES && globalThis.gc !== undefined) {
      globalThis.gc();
      grown = process.memoryUsage.rss() - this.#before;
    }
    this.#peak = Math.max(this.#peak, grown);
  }
}

/** Runs and measures a call. */
export async function measure(call: () => Promise<unknown>): Promise<Measured> {
  const largestRead = watchReads();
  const memory = new Memory();
  let [last, blockedMs, isOver] = [threadMs(), 0, false];
  const note = (): void => {
    const now = threadMs();
    blockedMs = Math.max(blockedMs, now - last);
    memory.note();
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
  return { blockedMs, grownBytes: memory.grownBytes, largestRead: largestRead(), outcome };
}

/**
 * How long a call may keep the event loop: by the JSON of what it takes and gives, or, if that takes longer, of the largest
 * record that it reads. Not of all records: between them others have their turn.
 */
export function allowedMs(texts: readonly (string | null)[]): number {
  return Math.max(ALLOWED_MS * slowness(), ...texts.map((text) => (text === null ? 0 : TIMES_JSON * jsonMs(text))));
}

/** How many times slower than the reference this machine is now, at least 1. Other programs increase CPU times, too: cores share caches and memory. */
function slowness(): number {
  const times = Array.from({ length: REFERENCE_RUNS }, () => jsonMs(REFERENCE));
  return Math.max(1, times.reduce((sum, ms) => sum + ms, 0) / REFERENCE_RUNS / REFERENCE_MS);
}

function jsonMs(text: string): number {
  const started = threadMs();
  JSON.stringify(JSON.parse(text));
  return threadMs() - started;
}
