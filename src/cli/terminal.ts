/** What a command runs with: its streams, its environment, and the signal of Ctrl-C. */
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { ConfigurationError } from "../model/errors.ts";

/** Streams and environment of a command. */
export interface Terminal {
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Results only. */
  readonly output: Writable & { readonly columns?: number };
  /** Progress, log lines, questions and errors. */
  readonly errors: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Writes a line to the output; resolves when the stream takes more. */
export function print({ output }: Terminal, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

/** Writes a line beside the output. */
export function note({ errors }: Terminal, line: string): void {
  errors.write(`${line}\n`);
}

/**
 * Asks a question that only "y" or "yes" affirms.
 *
 * @throws {ConfigurationError} when the input is not a terminal, so that there is no answer.
 */
export async function confirm(terminal: Terminal, question: string): Promise<boolean> {
  const { input, errors, signal } = terminal;
  if (input.isTTY !== true) throw new ConfigurationError(`${question} Add --yes to confirm, or --dry-run to see what would be done.`);
  const lines = createInterface({ input, output: errors });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    lines.close();
  }
}
