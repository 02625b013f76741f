/**
 * A client process that makes random calls until it is stopped or killed.
 *
 *   node client.ts CONFIG
 *
 * Prints "ready" once it makes calls. Reads "stop" and "provider up|down|slow" from standard input; the end of the input
 * ends the process at once.
 */
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { LINGERED, type ClientConfig } from "./config.ts";
import { beHostile } from "./hostile.ts";
import type { LoggedOperation, PutOperation } from "./log.ts";
import { openStore, type ProviderState } from "./open-store.ts";
import { Random } from "./random.ts";
import { Recorder } from "./recorder.ts";
import { commonWord, TAGS, textOf } from "./value.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as ClientConfig;
const { name, seed, clients, namespaces, keys, mix, pauseMs, aborts, ttlMs, limit } = config;

/** Longest time from the stop of the store to the end of the event loop, in milliseconds. */
const LINGERS_AFTER_MS = 7_000;

let isStopped = false;
let setProvider = (state: ProviderState): void => {
  providerAtFirst = state;
};
let providerAtFirst: ProviderState = "up";
const commands = createInterface({ input: process.stdin });
commands.on("line", (line) => {
  const [command, state] = line.split(" ");
  if (command === "stop") isStopped = true;
  if (command === "provider") setProvider(state as ProviderState);
});
// The parent process has ended.
commands.on("close", () => {
  if (!isStopped) process.exit(0);
});

/** A client: makes random calls, one after the other. */
class Client {
  readonly #number: number;
  readonly #random: Random;
  #written = 0;
  /** Returns the text of a write that it has read, for a search. */
  #seen = "green tea";

  constructor(number: number) {
    this.#number = number;
    this.#random = new Random(`${seed} ${name} ${number}`);
  }

  async work(recorder: Recorder): Promise<void> {
    while (!isStopped) {
      await this.#call(recorder);
      const ms = Math.floor(this.#random.between(0, pauseMs));
      if (ms > 0) await pause(ms);
    }
  }

  async #call(recorder: Recorder): Promise<void> {
    const operations = this.#draw();
    if (aborts.share === 0 || this.#random.between(0, 1) >= aborts.share) {
      await recorder.call(this.#number, operations);
      return;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), this.#random.between(0, aborts.withinMs));
    await recorder.call(this.#number, operations, controller.signal);
    clearTimeout(timer);
  }

  #draw(): LoggedOperation[] {
    const kind = this.#random.weighted(mix);
    return kind === "batch" ? this.#drawBatch() : [this.#drawOne(kind)];
  }

  /** Returns puts and deletes of distinct keys, and reads of any keys. */
  #drawBatch(): LoggedOperation[] {
    const places = this.#random.shuffled(namespaces.flatMap((namespace) => keys.map((key) => ({ namespace, key }))));
    const count = 2 + this.#random.below(4);
    return places.slice(0, count).flatMap(({ namespace, key }): LoggedOperation[] => {
      const kind = this.#random.weighted({ put: 5, delete: 1, get: 2, list: 1, both: 1 });
      if (kind === "list") return [this.#drawOne("list")];
      if (kind === "get") return [{ kind, namespace, key }];
      if (kind === "delete") return [{ kind, namespace, key }];
      const put = this.#put(namespace, key);
      return kind === "both" ? [put, { kind: "get", namespace, key }] : [put];
    });
  }

  #drawOne(kind: Exclude<keyof typeof mix, "batch">): LoggedOperation {
    const namespace = this.#random.pick(namespaces);
    const key = this.#random.pick(keys);
    switch (kind) {
      case "get":
      case "delete":
        return { kind, namespace, key };
      case "put":
        return this.#put(namespace, key);
      case "put-ttl":
        return this.#random.below(2) === 0
          ? { ...this.#put(namespace, key), ttlMs }
          : { ...this.#put(namespace, key), until: Date.now() + ttlMs };
      case "search-text":
        return { kind: "search", prefix: this.#prefix(), query: this.#query(), limit };
      case "search-filter":
        return { kind: "search", prefix: this.#prefix(), tag: this.#random.below(TAGS), limit };
      case "list":
        return { kind: "search", prefix: this.#prefix(), limit };
    }
  }

  #put(namespace: readonly string[], key: string): PutOperation {
    const id = `${name}.${this.#number}.${this.#written}`;
    this.#written += 1;
    if (this.#random.below(4) === 0) this.#seen = textOf(id);
    return { kind: "put", namespace, key, id };
  }

  #prefix(): readonly string[] {
    const namespace = this.#random.pick(namespaces);
    // The items of hostile users are also below the root.
    const least = config.hostile === undefined ? 0 : 1;
    return namespace.slice(0, least + this.#random.below(namespace.length + 1 - least));
  }

  #query(): string {
    if (this.#random.below(2) === 0) return this.#seen;
    return `${commonWord(this.#random.below(100))} ${commonWord(this.#random.below(100))}`;
  }
}

const opened = await openStore(config);
setProvider = opened.setProvider;
setProvider(providerAtFirst);
const recorder = new Recorder({ ...opened, log: config.log, padBytes: config.padBytes });
process.stdout.write("ready\n");
await Promise.all([
  ...Array.from({ length: clients }, (_, i) => new Client(i).work(recorder)),
  ...(config.hostile === undefined ? [] : [beHostile({ ...opened, config, recorder, isStopped: () => isStopped })]),
]);
await opened.store.stop();
process.stdout.write("stopped\n");
commands.close();
process.stdin.destroy();
// All work is done. The timer fires only if something else keeps the event loop alive, however slow the machine is.
setTimeout(() => {
  process.stderr.write(`kept alive by ${process.getActiveResourcesInfo().join(", ")}\n`);
  process.exitCode = LINGERED;
  process.exit();
}, LINGERS_AFTER_MS).unref();
