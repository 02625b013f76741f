/** Runs a case for some time and measures its speed. */
import { createHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { Call } from "./system.ts";

/** Result of one round of a case. */
export interface Round {
  readonly opsPerSec: number;
  /** Latency of a call in milliseconds. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Longest pause of the event loop of the client process, in milliseconds. */
  readonly longestPauseMs: number;
  /** Resident memory of the client process after the round, in megabytes. */
  readonly rssMb: number;
}

/** Options of a round. */
export interface RoundOptions {
  readonly clients: number;
  readonly itemsPerCall: number;
  readonly forMs: number;
  /** Number of the first call; numbers never repeat over the rounds of a case. */
  readonly from: number;
}

/** Runs calls of several clients, each with one in flight, until the time is over and the last call is answered. */
export async function measure(call: Call, options: RoundOptions): Promise<Round & { readonly calls: number }> {
  const { clients, itemsPerCall, forMs, from } = options;
  const times = createHistogram();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  let next = from;
  delays.enable();
  const begun = performance.now();
  const client = async (): Promise<void> => {
    for (let now = begun; now - begun < forMs; ) {
      await call(next++);
      const after = performance.now();
      // A histogram records integers: microseconds.
      times.record(Math.max(1, Math.round((after - now) * 1_000)));
      now = after;
    }
  };
  // Wait for all of them before reporting a failure, so that the next case does not run beside the rest of this one.
  const ends = await Promise.allSettled(Array.from({ length: clients }, client));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const seconds = (performance.now() - begun) / 1_000;
  delays.disable();
  const calls = next - from;
  const at = (percentile: number): number => times.percentile(percentile) / 1_000;
  return {
    calls,
    opsPerSec: (calls * itemsPerCall) / seconds,
    p50Ms: at(50),
    p95Ms: at(95),
    p99Ms: at(99),
    longestPauseMs: delays.max / 1e6,
    rssMb: process.memoryUsage.rss() / 1e6,
  };
}
