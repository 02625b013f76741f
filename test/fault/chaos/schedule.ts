/** The schedule of faults, drawn from a seed. */
import { setTimeout as pause } from "node:timers/promises";
import type { FaultWindow } from "../history/history.ts";
import { monotonicMs } from "../history/log.ts";
import type { Random } from "../history/random.ts";
import type { Fault } from "./faults.ts";

/** Concurrent faults after a pause. */
export interface Step {
  readonly calmMs: number;
  readonly faults: readonly { readonly fault: Fault; readonly lastsMs: number }[];
}

/** Options of a schedule. */
export interface ScheduleOptions {
  /** All of these happen, in a random order. */
  readonly faults: readonly Fault[];
  /** Shortest and longest pause before each, in milliseconds. */
  readonly calmMs: readonly [number, number];
  /** Share of the steps with two concurrent faults. */
  readonly pairs: number;
}

/** Returns a schedule. */
export function drawSchedule(random: Random, { faults, calmMs, pairs }: ScheduleOptions): Step[] {
  const left = random.shuffled(faults);
  const steps: Step[] = [];
  while (left.length > 0) {
    const together = left.splice(0, random.next() < pairs ? 2 : 1);
    steps.push({
      calmMs: Math.round(random.between(...calmMs)),
      faults: together.map((fault) => ({ fault, lastsMs: Math.round(random.between(...fault.lastsMs)) })),
    });
  }
  return steps;
}

/** Returns the schedule in one line. */
export function describeSchedule(steps: readonly Step[]): string {
  const described = ({ fault, lastsMs }: Step["faults"][number]): string => `${fault.name} for ${lastsMs} ms`;
  return steps.map(({ calmMs, faults }) => `${calmMs} ms, ${faults.map(described).join(" + ")}`).join("; ");
}

/** Runs the faults; each ends before the next step begins. Returns the start and end of each. */
export async function runSchedule(steps: readonly Step[], onFault: (name: string) => void): Promise<FaultWindow[]> {
  const windows: FaultWindow[] = [];
  for (const { calmMs, faults } of steps) {
    await pause(calmMs);
    await Promise.all(
      faults.map(async ({ fault, lastsMs }) => {
        onFault(fault.name);
        const from = monotonicMs();
        await fault.begin();
        await pause(lastsMs);
        await fault.end();
        windows.push({ name: fault.name, hits: fault.hits, from, to: monotonicMs() });
      }),
    );
  }
  return windows;
}
