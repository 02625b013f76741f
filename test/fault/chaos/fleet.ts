/** The processes of clients of one scenario: so many run at any time, and who falls is replaced. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClientConfig } from "../history/config.ts";
import { HistoryProcess, type ProcessLog, type StartOptions } from "../history/history-process.ts";
import type { ProviderState } from "../history/open-store.ts";
import type { Random } from "../history/random.ts";

/** A process that is to be killed works for at most so long, milliseconds, once one is at work at all. */
const LONGEST_WORK_MS = 1_000;

/** How the processes of a fleet are made. */
export interface FleetOptions extends StartOptions {
  /** Processes that run at once. */
  readonly size: number;
  /** What the process of this number is told; its log and name are its own. */
  readonly configure: (number: number) => ClientConfig;
  /** Longest time for a process to stop, milliseconds. */
  readonly stopDeadlineMs: number;
}

/** Keeps processes at work. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #all: HistoryProcess[] = [];
  #running: HistoryProcess[] = [];
  #provider: ProviderState = "up";
  /** Processes that were killed. */
  kills = 0;
  /** Times that a process was made to stand still. */
  pauses = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Starts all processes, and waits until they are at work. */
  async start(): Promise<void> {
    const started = Array.from({ length: this.#options.size }, () => this.#startOne());
    await Promise.all(started.map(({ ready }) => ready));
  }

  /** Kills a process that is at work and starts another, which need not be at work yet when this resolves. */
  async killOne(random: Random): Promise<void> {
    await Promise.any(this.#running.map(({ ready }) => ready));
    await pause(random.between(0, LONGEST_WORK_MS));
    await this.kill(random.pick(this.#running.filter(({ isAtWork }) => isAtWork)));
    this.#startOne();
  }

  /** Kills a process. */
  async kill(victim: HistoryProcess): Promise<void> {
    this.#running = this.#running.filter((process) => process !== victim);
    this.kills += 1;
    await victim.kill();
  }

  /** Starts one more process. */
  startAnother(): HistoryProcess {
    return this.#startOne();
  }

  /** Lets a process stand still. */
  pauseOne(random: Random): HistoryProcess {
    const victim = random.pick(this.#running);
    victim.pause();
    this.pauses += 1;
    return victim;
  }

  /** Switches the embedding provider of every process, also of those that start later. */
  setProvider(state: ProviderState): void {
    this.#provider = state;
    for (const process of this.#running) process.setProvider(state);
  }

  /** Lets every process end what it is at. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map((process) => process.stop(this.#options.stopDeadlineMs)));
    this.#running = [];
  }

  /** Ends what still runs, whatever it is at. */
  async abandon(): Promise<void> {
    await Promise.all(this.#all.filter(({ isRunning }) => isRunning).map((process) => process.kill()));
  }

  /** What all processes did, once they have ended. */
  async logs(): Promise<ProcessLog[]> {
    return Promise.all(this.#all.map((process) => process.log()));
  }

  #startOne(): HistoryProcess {
    const { configure, nodeArguments, compileCache } = this.#options;
    const started = HistoryProcess.start("client", configure(this.#all.length), {
      ...(nodeArguments === undefined ? {} : { nodeArguments }),
      ...(compileCache === undefined ? {} : { compileCache }),
    });
    if (this.#provider !== "up") started.setProvider(this.#provider);
    this.#all.push(started);
    this.#running.push(started);
    return started;
  }
}
