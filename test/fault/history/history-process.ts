/** A process of a history, as whoever runs the history holds it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ClientConfig } from "./config.ts";
import { monotonicMs, parseLog, type LogLine } from "./log.ts";
import type { ProviderState } from "./open-store.ts";

/** A stretch of time, milliseconds of CLOCK_MONOTONIC. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How a process ended. */
export type ProcessEnd =
  /** By itself, after it was told to stop. */
  | "stopped"
  /** By a kill that was meant. */
  | "killed"
  /** By itself although nobody told it to. */
  | "died"
  /** It did not stop when told to, and was killed for it. */
  | "hung"
  /** Its store was stopped, and something of it kept the process alive. */
  | "lingered";

/** All that a process did. */
export interface ProcessLog {
  readonly name: string;
  readonly lines: readonly LogLine[];
  /** When it is known to have been dead. */
  readonly endedAt: number;
  readonly end: ProcessEnd;
  /** When it stood still. */
  readonly pauses: readonly Span[];
  /** The last of what it said on standard error. */
  readonly stderr: string;
}

const STDERR_KEPT = 4_000;

/** A process ends so soon after its store was stopped, milliseconds. */
const LINGER_MS = 10_000;

const PROGRAMS = {
  client: fileURLToPath(new URL("client.ts", import.meta.url)),
  judge: fileURLToPath(new URL("judge.ts", import.meta.url)),
};

/** Options of {@link HistoryProcess.start}. */
export interface StartOptions {
  /** Arguments for Node itself. */
  readonly nodeArguments?: readonly string[];
  /** Folder for compiled code: a process that finds it starts in half of the time. */
  readonly compileCache?: string;
}

/** A running process. */
export class HistoryProcess {
  static readonly #running = new Set<HistoryProcess>();

  /** Ends all processes that were started here: for a run that is given up. */
  static async killAll(): Promise<void> {
    await Promise.all([...HistoryProcess.#running].map((process) => process.kill()));
  }

  readonly config: ClientConfig;
  /** Resolves once its clients are at work; rejects when it ends before that. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #pauses: Span[] = [];
  #pausedAt: number | null = null;
  #endedAt = 0;
  #end: ProcessEnd = "died";
  #stderr = "";
  #isReady = false;

  private constructor(child: ChildProcess, config: ClientConfig) {
    this.#child = child;
    this.config = config;
    HistoryProcess.#running.add(this);
    this.ended = this.#watch();
    this.ready = this.#awaitReady();
    // Who does not wait for it is told by the log that it died.
    this.ready.catch(() => undefined);
  }

  /** Starts a process of clients, or the judge. */
  static start(program: keyof typeof PROGRAMS, config: ClientConfig, options: StartOptions = {}): HistoryProcess {
    const child = spawn(process.execPath, [...(options.nodeArguments ?? []), PROGRAMS[program], JSON.stringify(config)], {
      stdio: ["pipe", "pipe", "pipe"],
      // Of the test runner's own flags none shall reach it.
      env: { ...process.env, NODE_OPTIONS: "", NODE_COMPILE_CACHE: options.compileCache ?? "" },
    });
    return new HistoryProcess(child, config);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether its clients are at work. */
  get isAtWork(): boolean {
    return this.#isReady && this.isRunning;
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#end = "killed";
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** Lets it stand still. */
  pause(): void {
    if (!this.isRunning || this.#pausedAt !== null) return;
    this.#pausedAt = monotonicMs();
    this.#child.kill("SIGSTOP");
  }

  /** Lets it go on. */
  resume(): void {
    if (this.#pausedAt === null) return;
    this.#child.kill("SIGCONT");
    this.#endPause();
  }

  /** Switches its embedding provider. */
  setProvider(state: ProviderState): void {
    this.#say(`provider ${state}`);
  }

  /** Lets its clients end what they are at, and ends it. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.isRunning) this.#end = "stopped";
    this.resume();
    this.#say("stop");
    await this.#endWithin(deadlineMs);
  }

  /** Waits until it has done its work. */
  async finish(deadlineMs: number): Promise<void> {
    await this.#endWithin(deadlineMs);
    if (this.#end === "died" && this.#child.exitCode === 0) this.#end = "stopped";
  }

  /** What it did; only once it has ended. */
  async log(): Promise<ProcessLog> {
    const { name, log } = this.config;
    return {
      name,
      lines: existsSync(log) ? parseLog(await readFile(log, "utf8")) : [],
      endedAt: this.#endedAt,
      end: this.#end,
      pauses: this.#pauses,
      stderr: this.#stderr,
    };
  }

  async #endWithin(deadlineMs: number): Promise<void> {
    const timer = setTimeout(() => {
      this.#end = "hung";
      this.#child.kill("SIGKILL");
    }, deadlineMs);
    await this.ended;
    clearTimeout(timer);
  }

  #awaitEnd(): void {
    const timer = setTimeout(() => {
      this.#end = "lingered";
      this.#child.kill("SIGKILL");
    }, LINGER_MS);
    void this.ended.then(() => clearTimeout(timer));
  }

  #say(line: string): void {
    if (this.isRunning) this.#child.stdin?.write(`${line}\n`);
  }

  async #watch(): Promise<void> {
    // A line for a process that has just died is lost with it.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    const [code] = (await once(this.#child, "close")) as [number | null];
    if (this.#pausedAt !== null) this.#endPause();
    this.#endedAt = monotonicMs();
    HistoryProcess.#running.delete(this);
    if (this.#end === "stopped" && code !== 0) this.#end = "died";
  }

  #endPause(): void {
    if (this.#pausedAt !== null) this.#pauses.push({ from: this.#pausedAt, to: monotonicMs() });
    this.#pausedAt = null;
  }

  async #awaitReady(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error("The process has no standard output.");
    const lines = createInterface({ input: stdout });
    const ready = new Promise<void>((resolve) => {
      lines.on("line", (line) => {
        if (line === "ready") resolve();
        if (line === "stopped") this.#awaitEnd();
      });
    });
    const died = this.ended.then(() => {
      throw new Error(`${this.config.name} ended before it was ready (${this.#end}): ${this.#stderr}`);
    });
    await Promise.race([ready, died]);
    this.#isReady = true;
  }
}
