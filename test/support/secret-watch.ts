/** Notes everything that a run prints and everything that its values show, and finds secrets in it. */
import { randomBytes } from "node:crypto";
import { format, inspect } from "node:util";
import type { LogFields, Logger } from "langgraph-store-scylladb";
import { noteSecret } from "./run-output.ts";

/** A watch over the output of this process. */
export class SecretWatch {
  readonly #shown: string[] = [];
  readonly #secrets = new Map<string, string>();
  readonly #restore: (() => void)[] = [];

  constructor() {
    for (const stream of [process.stdout, process.stderr]) {
      const write = stream.write.bind(stream);
      stream.write = (chunk: unknown, ...rest: never[]) => {
        this.#shown.push(typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString());
        return write(chunk as string, ...rest);
      };
      this.#restore.push(() => void (stream.write = write));
    }
  }

  /** A logger that notes its lines, of every level. */
  readonly logger: Logger = {
    debug: (fields, message) => this.#line(fields, message),
    info: (fields, message) => this.#line(fields, message),
    warn: (fields, message) => this.#line(fields, message),
    error: (fields, message) => this.#line(fields, message),
  };

  /** Makes a secret that is like no other text, and must not be shown from now on. */
  secret(purpose: string): string {
    return this.guard(purpose, `${purpose}-${randomBytes(12).toString("hex")}`);
  }

  /** Says that a text must not be shown. */
  guard(purpose: string, text: string): string {
    this.#secrets.set(text, purpose);
    noteSecret(text);
    return text;
  }

  /** Notes all that a value shows in any of the usual ways. */
  show(value: unknown): void {
    this.#shown.push(
      inspect(value, { depth: Infinity, showHidden: true, getters: true, maxArrayLength: null, maxStringLength: null }),
      inspect(value),
      format("%s %o %O", value, value, value),
      String(value),
      jsonOf(value),
    );
    if (!(value instanceof Error)) return;
    this.#shown.push(value.stack ?? "", value.message, jsonOf(Object.fromEntries(Object.entries(Object.getOwnPropertyDescriptors(value)))));
    if (value.cause !== undefined) this.show(value.cause);
  }

  /** Notes how a promise is rejected, and returns that. */
  async rejection(promise: Promise<unknown>): Promise<Error> {
    try {
      await promise;
    } catch (error) {
      this.show(error);
      if (error instanceof Error) return error;
      throw error;
    }
    throw new Error("It was not rejected.");
  }

  /** The lines and values in which a secret is found, in any spelling that gives it away; they name it by its purpose. */
  leaks(): string[] {
    return [...this.#secrets].flatMap(([text, purpose]) => {
      const spellings = [text, encodeURIComponent(text), Buffer.from(text).toString("base64").replace(/=+$/, ""), Buffer.from(text).toString("hex")];
      return this.#shown
        .filter((shown) => spellings.some((spelling) => shown.includes(spelling)))
        .map((shown) => `${purpose}: ${shown.replaceAll(text, `<${purpose}>`).slice(0, 400)}`);
    });
  }

  /** Size of the recorded output, so that a test can verify that there was some. */
  get recorded(): number {
    return this.#shown.length;
  }

  /** Ends the watch. */
  stop(): void {
    for (const restore of this.#restore) restore();
  }

  #line(fields: LogFields, message: string): void {
    this.#shown.push(message, inspect(fields, { depth: Infinity, showHidden: true }), jsonOf(fields));
  }
}

function jsonOf(value: unknown): string {
  const seen = new WeakSet();
  return (
    JSON.stringify(value, (_key, each: unknown) => {
      if (typeof each === "bigint") return String(each);
      if (typeof each !== "object" || each === null) return each;
      if (seen.has(each)) return "[seen]";
      seen.add(each);
      return each;
    }) ?? ""
  );
}
