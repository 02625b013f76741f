/** Records the output of a run and the printed forms of its values, and searches them for secrets. */
import { randomBytes } from "node:crypto";
import { format, inspect } from "node:util";
import type { LogFields, Logger } from "langgraph-store-scylladb";
import { noteSecret } from "./run-output.ts";

/** Records the output of this process. */
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

  /** A logger that records lines of every level. */
  readonly logger: Logger = {
    debug: (fields, message) => this.#line(fields, message),
    info: (fields, message) => this.#line(fields, message),
    warn: (fields, message) => this.#line(fields, message),
    error: (fields, message) => this.#line(fields, message),
  };

  /** Returns a unique secret that must not be printed afterwards. */
  secret(purpose: string): string {
    return this.guard(purpose, `${purpose}-${randomBytes(12).toString("hex")}`);
  }

  /** Registers a text that must not be printed. */
  guard(purpose: string, text: string): string {
    this.#secrets.set(text, purpose);
    noteSecret(text);
    return text;
  }

  /** Records the printed forms of a value. */
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

  /** Records and returns the rejection of a promise. */
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

  /** Returns the lines and values that contain a secret in any encoding, with the secret replaced by its purpose. */
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

  /** Stops recording. */
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
