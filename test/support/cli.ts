/** Runs commands of the command line in this process, and says what they printed. */
import { PassThrough, Readable, Writable } from "node:stream";
import { runCli } from "../../src/cli/program.ts";

/** What a command printed, and its exit code. */
export interface CliResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** What a command is given besides its arguments. */
export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input; none by default. */
  readonly input?: string;
  readonly signal?: AbortSignal;
  /** Is given what goes to standard error, as it comes. */
  readonly onErrors?: (text: string) => void;
}

/** Runs a command. */
export async function cli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { env = {}, input, signal = new AbortController().signal, onErrors } = options;
  const [output, errors] = [new Collected(), new Collected(onErrors)];
  const from = input === undefined ? new PassThrough() : Readable.from([Buffer.from(input)]);
  const code = await runCli(args, { input: from, output, errors, env, signal });
  return { code, output: output.text, errors: errors.text };
}

/** Runs a command with --json, and parses what it printed. */
export async function cliJson<T>(args: readonly string[], options: CliOptions = {}): Promise<T> {
  const { output, errors } = await cli([...args, "--json"], options);
  try {
    return JSON.parse(output) as T;
  } catch (cause) {
    throw new Error(`${args.join(" ")} printed no JSON: ${output}\n${errors}`, { cause });
  }
}

class Collected extends Writable {
  text = "";
  readonly #onWrite: ((text: string) => void) | undefined;

  constructor(onWrite?: (text: string) => void) {
    super();
    this.#onWrite = onWrite;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.#onWrite?.(chunk.toString());
    done();
  }
}
