import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { ServerCommand, WatcherEvent, WatcherRequest } from "./watcher-protocol.ts";

const WATCHER = fileURLToPath(new URL("./watcher.ts", import.meta.url));
const WATCHER_DEADLINE_MS = 120_000;

type Changes = { started: [pid: number]; refused: [message: string]; exited: [how: string] };

/** One operating-system process behind a watcher (see watcher.ts); it can be started again after it has ended. */
export class WatchedProcess {
  readonly #command: ServerCommand;
  readonly #watcher: ChildProcess;
  readonly #changes = new EventEmitter<Changes>();
  readonly #watcherEnded: Promise<void>;
  #pid: number | undefined;
  #lastExit: string | undefined;

  /** Starts the watcher, and not yet the server. */
  constructor(command: ServerCommand) {
    this.#command = command;
    const log = openSync(command.logFile, "a");
    this.#watcher = spawn(process.execPath, [WATCHER], { detached: true, stdio: ["pipe", "pipe", log] });
    closeSync(log);
    this.#watcherEnded = new Promise((resolve) => this.#watcher.once("close", () => resolve()));
    this.#watcher.once("error", (error) => this.#watcherLost(`its watcher could not be started: ${error.message}`));
    this.#watcher.once("exit", (code) => {
      if (code === 0) this.#exited("closed");
      else this.#watcherLost("its watcher is gone");
    });
    // EPIPE on a request means the watcher is gone, which the event above reports.
    this.#watcher.stdin?.on("error", () => undefined);
    if (this.#watcher.stdout !== null) {
      createInterface({ input: this.#watcher.stdout }).on("line", (line) =>
        this.#handle(JSON.parse(line) as WatcherEvent),
      );
    }
    this.#request({ request: "watch", command });
  }

  /** The server's process id, or undefined while it does not run. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** How the last run ended, for example "signal SIGKILL" or "exit code 3". */
  get lastExit(): string | undefined {
    return this.#lastExit;
  }

  /** Starts the server; resolves once it runs, which is before it listens. */
  async start(): Promise<void> {
    const { name, file } = this.#command;
    if (this.#watcher.exitCode !== null || this.#watcher.signalCode !== null) {
      throw new Error(`${name} cannot be started again: it was closed, or its watcher is gone`);
    }
    const outcome = this.#next(["started", "refused"], WATCHER_DEADLINE_MS);
    this.#request({ request: "start" });
    const { event, detail } = await outcome;
    if (event === "refused") throw new Error(`${name} (${file}) was not started: ${detail}`);
  }

  /** Sends a signal; does nothing where no server runs. */
  signal(signal: NodeJS.Signals): void {
    if (this.#pid !== undefined) this.#request({ request: "signal", signal });
  }

  /**
   * Ends the server with a signal and waits for it.
   *
   * @returns false when it still runs after `timeoutMs`
   */
  async end(signal: NodeJS.Signals, timeoutMs: number): Promise<boolean> {
    if (this.#pid === undefined) return true;
    const exited = this.#next(["exited"], timeoutMs).then(
      () => true,
      () => this.#pid === undefined,
    );
    this.signal(signal);
    return exited;
  }

  /** Ends server and watcher and removes the server's folder. Idempotent. */
  async close(): Promise<void> {
    this.#watcher.stdin?.end();
    await this.#watcherEnded;
    // The watcher has removed it already, unless it was itself killed.
    await rm(this.#command.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  async #next(
    events: readonly (keyof Changes)[],
    timeoutMs: number,
  ): Promise<{ event: keyof Changes; detail: string | number }> {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      return await Promise.race(
        events.map(async (event) => {
          const [detail] = (await once(this.#changes, event, { signal })) as [string | number];
          return { event, detail };
        }),
      );
    } finally {
      done.abort();
    }
  }

  #request(request: WatcherRequest): void {
    this.#watcher.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  #handle(event: WatcherEvent): void {
    switch (event.event) {
      case "started":
        this.#pid = event.pid;
        this.#changes.emit("started", event.pid);
        break;
      case "refused":
        this.#changes.emit("refused", event.message);
        break;
      case "exited":
        this.#exited(event.signal === null ? `exit code ${event.code}` : `signal ${event.signal}`);
        break;
    }
  }

  #exited(how: string): void {
    if (this.#pid === undefined) return;
    this.#pid = undefined;
    this.#lastExit = how;
    this.#changes.emit("exited", how);
  }

  #watcherLost(how: string): void {
    this.#changes.emit("refused", how);
    if (this.#pid === undefined) return;
    // The watcher was the server's parent. If it was killed (out of memory, for example), nothing else ends the server.
    try {
      process.kill(this.#pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
    this.#exited(how);
  }
}
