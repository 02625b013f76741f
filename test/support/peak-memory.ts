/** Peak of the resident memory of a program, as the system counts it. */

/** Runs in the measured process. Workers inherit it, and have the memory of the same process. */
const PRELOAD = `
  import { writeFileSync } from "node:fs";
  import { isMainThread } from "node:worker_threads";
  if (isMainThread) process.on("exit", () => writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`;

/**
 * Returns variables for the environment of a program, which at its end writes its peak to a file, KiB.
 *
 * @param options - further options of Node.js, such as "--max-old-space-size=80"
 */
export function withPeakIn(file: string, options = ""): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PRELOAD)} ${options}`, PEAK_FILE: file };
}
