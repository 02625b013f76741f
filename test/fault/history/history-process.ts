/** A handle of a history process in the test. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { LINGERED, type ClientConfig } from "./config.ts";
import { monotonicMs, parseLog, type LogLine } from "./log.ts";
import type { ProviderState } from "./open-store.ts";

/** A time span in milliseconds of CLOCK_MONOTONIC. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** How a process ended. */
export type ProcessEnd =
  /** It exited after a stop request. */
  | "stopped"
  /** It was killed by the test. */
  | "killed"
  /** It exited without a stop request. */
  | "died"
  /** It did not stop on request, and was killed. */
  | "hung"
  /** Its store was stopped, but a handle kept the process alive. */
  | "lingered";

/** The log of a process. */
export interface ProcessLog {
  readonly name: string;
  readonly lines: readonly LogLine[];
  /** A time at which it was known to be dead. */
  readonly endedAt: number;
  readonly end: ProcessEnd;
  /** Spans in which it was stopped (SIGSTOP). */
  readonly pauses: readonly Span[];
  /** The last lines of its standard error. */
  readonly stderr: string;
}

const STDERR_KEPT = 4_000;

const PROGRAMS = {
  client: fileURLToPath(new URL("client.ts", import.meta.url)),
  judge: fileURLToPath(new URL("judge.ts", import.meta.url)),
};

/** Options of {@link HistoryProcess.start}. */
export interface StartOptions {
  /** Arguments for Node. */
  readonly nodeArguments?: readonly string[];
  /** Folder for compiled code, which halves the start time of later processes. */
  readonly compileCache?: string;
}

/** A running process. */
export class HistoryProcess {
  static readonly #running = new Set<HistoryProcess>();

  /** Kills all processes that were started here, when a run is interrupted. */
  static async killAll(): Promise<void> {
    await Promise.all([...HistoryProcess.#running].map((process) => process.kill()));
  }

  readonly config: ClientConfig;
  /** Resolves when its clients make calls; rejects if it exits before. */
  readonly ready: Promise<void>;
  /** Resolves when it has exited. */
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
    // Callers that do not await it find the exit in the log.
    this.ready.catch(() => undefined);
  }

  /** Starts a client process, or the judge. */
  static start(program: keyof typeof PROGRAMS, config: ClientConfig, options: StartOptions = {}): HistoryProcess {
    const child = spawn(process.execPath, [...(options.nodeArguments ?? []), PROGRAMS[program], JSON.stringify(config)], {
      stdio: ["pipe", "pipe", "pipe"],
      // Do not pass the test runner's flags.
      env: { ...process.env, NODE_OPTIONS: "", NODE_COMPILE_CACHE: options.compileCache ?? "" },
    });
    return new HistoryProcess(child, config);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether its clients make calls. */
  get isAtWork(): boolean {
    return this.#isReady && this.isRunning;
  }

  /** Kills the process. */
  async kill(): Promise<void> {
    if (this.isRunning) this.#end = "killed";
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  /** Stops the process (SIGSTOP). */
  pause(): void {
    if (!this.isRunning || this.#pausedAt !== null) return;
    this.#pausedAt = monotonicMs();
    this.#child.kill("SIGSTOP");
  }

  /** Resumes the process (SIGCONT). */
  resume(): void {
    if (this.#pausedAt === null) return;
    this.#child.kill("SIGCONT");
    this.#endPause();
  }

  /** Sets the state of its embedding provider. */
  setProvider(state: ProviderState): void {
    this.#say(`provider ${state}`);
  }

  /** Stops the process after its clients have completed their calls. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.isRunning) this.#end = "stopped";
    this.resume();
    this.#say("stop");
    await this.#endWithin(deadlineMs);
  }

  /** Waits until its work is done. */
  async finish(deadlineMs: number): Promise<void> {
    await this.#endWithin(deadlineMs);
    if (this.#end === "died" && this.#child.exitCode === 0) this.#end = "stopped";
  }

  /** Returns the log, after its exit. */
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

  #say(line: string): void {
    if (this.isRunning) this.#child.stdin?.write(`${line}\n`);
  }

  async #watch(): Promise<void> {
    // A line for a process that has just exited is lost.
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-STDERR_KEPT);
    });
    const [code] = (await once(this.#child, "close")) as [number | null];
    if (this.#pausedAt !== null) this.#endPause();
    this.#endedAt = monotonicMs();
    HistoryProcess.#running.delete(this);
    if (code === LINGERED) this.#end = "lingered";
    else if (this.#end === "stopped" && code !== 0) this.#end = "died";
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
      });
    });
    const died = this.ended.then(() => {
      throw new Error(`${this.config.name} ended before it was ready (${this.#end}): ${this.#stderr}`);
    });
    await Promise.race([ready, died]);
    this.#isReady = true;
  }
}
