/** Commands that Ctrl-C or a lost connection may interrupt and that a later run continues. */
import { URL } from "node:url";
import { isSecretName } from "../config/given.ts";
import type { Invocation } from "./command.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import { TASK_STOP_MS, untilStopped } from "./interrupt.ts";
import type { Progress } from "./progress.ts";
import { note } from "./terminal.ts";

/** What is printed about a task that did not complete. */
export interface Continuation {
  /** What the run leaves, as a sentence; empty for nothing to say. */
  readonly kept?: string;
  /** Whether the command has --resume. */
  readonly hasResume: boolean;
  /** Its last text is the position. */
  readonly progress?: Progress;
}

/**
 * Runs the task of a command. If it is interrupted or fails, prints the position and the command that continues it: the arguments
 * as they were given, and `--resume` where the command has it.
 */
export async function continuable<T>(
  { terminal, program, given }: Pick<Invocation<object>, "terminal" | "program" | "given">,
  { kept = "", hasResume, progress }: Continuation,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await untilStopped(terminal, TASK_STOP_MS, task());
  } catch (error) {
    const isInterrupted = terminal.signal.aborted;
    if (!isInterrupted && (exitCodeOf(error) === EXIT.usage || (kept === "" && !hasResume))) throw error;
    const args = hasResume && !given.includes("--resume") ? [...given, "--resume"] : given;
    const command = [program.name(), ...args.map((arg) => quoted(withoutSecrets(arg)))].join(" ");
    const reached = progress?.position ?? null;
    const position = reached === null ? [] : [`Stopped at: ${reached}.`];
    const next = `${isInterrupted ? "Continue" : "When the cause is fixed, continue"} with: ${command}`;
    note(terminal, [...position, ...(kept === "" ? [] : [kept]), next].join(" "));
    throw error;
  }
}

/** An argument as a POSIX shell reads it. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}

/** Returns an argument with `***` for a secret in `--set` or in a URL, as printed text may end up in logs. */
function withoutSecrets(arg: string): string {
  const { name = "", start = "", value = arg } = /^(?<start>(?:--set=)?(?<name>[\w.]+)=)(?<value>.*)$/s.exec(arg)?.groups ?? {};
  if (isSecretName(name.split("."))) return `${start}***`;
  return start + withoutPasswords(value);
}

/** Returns a URL without its password and the parameters that are named like secrets; any other text as it is. */
function withoutPasswords(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  const secrets = [...url.searchParams.keys()].filter((name) => isSecretName([name]));
  if (url.password === "" && secrets.length === 0) return text;
  if (url.password !== "") url.password = "***";
  for (const name of secrets) url.searchParams.set(name, "***");
  return url.href;
}
