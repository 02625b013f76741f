/** A handle of a worker in the benchmark. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CaseName } from "./cases.ts";
import type { Round } from "./measure.ts";
import type { BenchEnvironment, SystemName } from "./system.ts";
import type { Answer, Request } from "./worker-protocol.ts";

const PROGRAM = fileURLToPath(new URL("worker.ts", import.meta.url));
const SOURCES = fileURLToPath(new URL("../support/use-sources.ts", import.meta.url));

/** Heap in megabytes. `InMemoryStore` holds more than a million vectors in one run, beyond Node's default of 4 GB. */
const HEAP = "--max-old-space-size=12288";

/** Options of {@link WorkerProcess.start}. */
interface WorkerOptions {
  /** Folder for a CPU profile, written when the worker stops. */
  readonly profileFolder?: string;
  /** Checkout whose sources are the store. Default: this version. */
  readonly checkout?: string;
}

/** A running system. */
export class WorkerProcess {
  readonly name: SystemName;
  readonly #child: ChildProcess;

  private constructor(name: SystemName, child: ChildProcess) {
    this.name = name;
    this.#child = child;
  }

  /** Starts a worker and waits until its system is connected. */
  static async start(name: SystemName, environment: BenchEnvironment, options: WorkerOptions = {}): Promise<WorkerProcess> {
    const { profileFolder, checkout } = options;
    const profiling = profileFolder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
    const child = fork(PROGRAM, [JSON.stringify([name, environment])], {
      execArgv: [HEAP, "--import", SOURCES, ...profiling],
      env: { ...process.env, ...(checkout === undefined ? {} : { USE_SOURCES_OF: checkout }) },
    });
    const worker = new WorkerProcess(name, child);
    await worker.#done(worker.#answer());
    return worker;
  }

  /** Whether its process runs. A worker that has exited takes no further case. */
  get isRunning(): boolean {
    return this.#child.connected;
  }

  seed(): Promise<void> {
    return this.#done(this.#ask({ type: "seed" }));
  }

  settle(): Promise<void> {
    return this.#done(this.#ask({ type: "settle" }));
  }

  /** Runs a case; null where the system has no such case. */
  async run(name: CaseName, forMs: number): Promise<Round | null> {
    const answer = await this.#ask({ type: "run", case: name, forMs });
    return answer.type === "ran" ? answer.round : null;
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    await this.#done(this.#ask({ type: "stop" }));
    await ended;
  }

  /** Kills the process, if it still runs. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #done(answer: Promise<Answer>): Promise<void> {
    await answer;
  }

  #ask(request: Request): Promise<Answer> {
    if (!this.isRunning) return Promise.reject(new Error(`The system "${this.name}" has ended`));
    const answer = this.#answer();
    this.#child.send(request);
    return answer;
  }

  #answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`The system "${this.name}" ended with ${code}`));
      this.#child.once("exit", onExit);
      this.#child.once("message", (answer) => {
        this.#child.off("exit", onExit);
        const { type, ...rest } = answer as Answer & { readonly reason?: string };
        if (type === "failed") reject(new Error(`${this.name}: ${rest.reason}`));
        else resolve(answer as Answer);
      });
    });
  }
}
