/** The client processes of a scenario. A fixed number runs at any time; killed ones are replaced. */
import { setTimeout as pause } from "node:timers/promises";
import type { ClientConfig } from "../history/config.ts";
import { HistoryProcess, type ProcessLog, type StartOptions } from "../history/history-process.ts";
import type { ProviderState } from "../history/open-store.ts";
import type { Random } from "../history/random.ts";

/** Longest time in milliseconds that a process works before it is killed, once any process works. */
const LONGEST_WORK_MS = 1_000;

/** Options of a fleet. */
export interface FleetOptions extends StartOptions {
  /** Number of concurrent processes. */
  readonly size: number;
  /** Returns the configuration of the process with this number, with its own log and name. */
  readonly configure: (number: number) => ClientConfig;
  /** Timeout of a stop in milliseconds. */
  readonly stopDeadlineMs: number;
}

/** Keeps the processes running. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #all: HistoryProcess[] = [];
  #running: HistoryProcess[] = [];
  #provider: ProviderState = "up";
  /** Number of killed processes. */
  kills = 0;
  /** Number of times that a process was stopped (SIGSTOP). */
  pauses = 0;

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  /** Starts all processes and waits until they make calls. */
  async start(): Promise<void> {
    const started = Array.from({ length: this.#options.size }, () => this.#startOne());
    await Promise.all(started.map(({ ready }) => ready));
  }

  /** Kills a working process and starts another, without waiting until that one makes calls. */
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

  /** Starts a further process. */
  startAnother(): HistoryProcess {
    return this.#startOne();
  }

  /** Stops a process with SIGSTOP for some time. */
  pauseOne(random: Random): HistoryProcess {
    const victim = random.pick(this.#running);
    victim.pause();
    this.pauses += 1;
    return victim;
  }

  /** Sets the state of the embedding provider in every process, including later ones. */
  setProvider(state: ProviderState): void {
    this.#provider = state;
    for (const process of this.#running) process.setProvider(state);
  }

  /** Lets every process complete its calls and exit. */
  async stop(): Promise<void> {
    await Promise.all(this.#running.map((process) => process.stop(this.#options.stopDeadlineMs)));
    this.#running = [];
  }

  /** Kills the remaining processes. */
  async abandon(): Promise<void> {
    await Promise.all(this.#all.filter(({ isRunning }) => isRunning).map((process) => process.kill()));
  }

  /** Returns the logs of all processes after their exit. */
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
