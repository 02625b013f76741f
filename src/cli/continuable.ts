/** Commands that Ctrl-C may interrupt and that a later run continues. */
import { URL } from "node:url";
import type { Invocation } from "./command.ts";
import { note } from "./terminal.ts";

/**
 * Runs the task of a command. If it is interrupted, prints the command that continues it: the arguments as they were given, and
 * `--resume` where the command has it.
 *
 * @param kept - what the interrupted run leaves, as a sentence; empty for nothing to say
 */
export async function continuable<T>(
  { terminal, program, given }: Pick<Invocation<object>, "terminal" | "program" | "given">,
  { kept = "", hasResume }: { readonly kept?: string; readonly hasResume: boolean },
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (terminal.signal.aborted) {
      const args = hasResume && !given.includes("--resume") ? [...given, "--resume"] : given;
      const command = [program.name(), ...args.map((arg) => quoted(withoutPassword(arg)))].join(" ");
      note(terminal, `${kept}${kept === "" ? "" : " "}Continue with: ${command}`);
    }
    throw error;
  }
}

/** An argument as a POSIX shell reads it. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}

/** Returns a URL with `***` for its password: what is printed may be kept in logs. */
function withoutPassword(arg: string): string {
  if (!URL.canParse(arg)) return arg;
  const url = new URL(arg);
  if (url.password === "") return arg;
  url.password = "***";
  return url.href;
}
