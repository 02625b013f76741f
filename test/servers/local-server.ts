import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { WatchedProcess } from "./watched-process.ts";
import { waitUntil } from "./wait-until.ts";
import type { ServerCommand } from "./watcher-protocol.ts";

/** What a restart finds: the data of before, or an empty disk. */
export interface RestartOptions {
  readonly data?: "keep" | "lose";
}

/** How a local server is started, and how its readiness is checked. */
export interface LocalServerOptions {
  readonly command: ServerCommand;
  /** Where in the command's folder the server keeps its data; removed by `restart({ data: "lose" })`. */
  readonly dataFolder: string;
  /** Says whether the server answers now; false, not an error, while it does not. */
  readonly ready: () => Promise<boolean>;
  /** How long a start may take without a new line in the server's log, in milliseconds. Default: 120 s. */
  readonly startDeadlineMs?: number;
}

const START_DEADLINE_MS = 120_000;
const TERMINATE_DEADLINE_MS = 20_000;
const LOG_TAIL_LINES = 40;

/**
 * A database server run as a child of this process for tests: started, killed, paused and restarted at will, and gone
 * with its data when stopped or when this process ends, however it ends.
 */
export class LocalServer implements AsyncDisposable {
  readonly #options: LocalServerOptions;
  readonly #process: WatchedProcess;

  protected constructor(options: LocalServerOptions) {
    this.#options = options;
    this.#process = new WatchedProcess(options.command);
  }

  /** The server's process id, or undefined while it does not run. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Size of the server's log: it grows while a start makes progress. */
  get logBytes(): number {
    return statSync(this.#options.command.logFile, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** The folder of everything the server writes; gone after `stop()`. */
  get folder(): string {
    return this.#options.command.folder;
  }

  /**
   * Starts the server and waits until it answers.
   *
   * @throws Error with the end of the server's log when it ends by itself or does not answer within the deadline
   */
  async start(): Promise<void> {
    const { command, ready, startDeadlineMs = START_DEADLINE_MS } = this.#options;
    await this.#process.start();
    try {
      const progress = (): number => this.logBytes;
      await waitUntil(`${command.name} to answer`, () => this.#answers(ready), { timeoutMs: startDeadlineMs, progress });
    } catch (error) {
      const tail = logTail(command.logFile);
      throw new Error(`${command.name} did not start: ${(error as Error).message}\n${tail}`, { cause: error });
    }
  }

  /** Ends the server as a crash would (SIGKILL, or its command's own signal). The data stay. */
  async kill(): Promise<void> {
    await this.#end(this.#options.command.killSignal ?? "SIGKILL");
  }

  /** Asks the server to end (SIGTERM), and kills it when it has not within 20 s. The data stay. */
  async terminate(): Promise<void> {
    this.#process.signal("SIGCONT");
    if (!(await this.#process.end("SIGTERM", TERMINATE_DEADLINE_MS))) await this.#end("SIGKILL");
  }

  /** Freezes the server (SIGSTOP) and waits until it stands still: connections stay open and nothing answers. */
  async pause(): Promise<void> {
    this.#process.signal("SIGSTOP");
    // A signal passes the watcher and reaches each thread with a delay: a request right after it can still be answered.
    await waitUntil(`${this.#options.command.name} to stand still`, () => this.#standsStill(), { everyMs: 1 });
  }

  /** Lets a paused server go on (SIGCONT). */
  resume(): void {
    this.#process.signal("SIGCONT");
  }

  /** Kills the server if it runs, and starts it again at its address, by default with its data. */
  async restart(options: RestartOptions = {}): Promise<void> {
    await this.kill();
    if (options.data === "lose") {
      rmSync(this.#options.dataFolder, { recursive: true, force: true });
      await mkdir(this.#options.dataFolder, { recursive: true });
    }
    await this.start();
  }

  /** Ends the server for good and removes its data. Idempotent. */
  async stop(): Promise<void> {
    await this.#process.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answers(ready: () => Promise<boolean>): Promise<boolean> {
    if (this.#process.pid === undefined) throw new Error(`it ended by itself (${this.#process.lastExit ?? "unknown"})`);
    return ready();
  }

  /** Whether every thread of the server is stopped. True if the system does not report threads. */
  #standsStill(): boolean {
    const tasks = `/proc/${this.pid}/task`;
    if (this.pid === undefined || !existsSync(tasks)) return true;
    return readdirSync(tasks).every((task) => isStopped(`${tasks}/${task}/stat`));
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (await this.#process.end(signal, TERMINATE_DEADLINE_MS)) return;
    throw new Error(`${this.#options.command.name} (process ${this.pid}) still runs after ${signal}`);
  }
}

/** Whether a thread is stopped, by the letter behind its name, which stands in parentheses and may hold any; or has ended. */
function isStopped(statFile: string): boolean {
  try {
    const stat = readFileSync(statFile, "utf8");
    return stat[stat.lastIndexOf(")") + 2] === "T";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return true;
    throw error;
  }
}

function logTail(file: string): string {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES);
  return ["The last lines of its log:", ...lines].join("\n");
}
