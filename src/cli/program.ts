/** The command line: parses arguments, runs one command and returns its exit code. */
import { Command, CommanderError } from "commander";
import { isStoreError, messageOf } from "../model/errors.ts";
import type { CliCommand } from "./command.ts";
import { COMMANDS, GROUPS } from "./commands/index.ts";
import { EXIT, exitCodeOf, type ExitCode } from "./exit-code.ts";
import { STOP_MS, TASK_STOP_MS, untilStopped } from "./interrupt.ts";
import { addStoreFlags } from "./open-store.ts";
import { note, type Terminal } from "./terminal.ts";
import { versionOfPackage } from "./version.ts";

/** Name of the program in help and examples. */
export const PROGRAM = "scylladb-store";

/**
 * Runs a command.
 *
 * @param args - without the names of Node.js and of the program
 */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program: Command = buildProgram(terminal, async (definition, positional, flags) => {
    const running = definition.run({ terminal, program, given: args, args: positional, flags });
    code = await untilStopped(terminal, definition.stopsAfterPart === true ? TASK_STOP_MS + STOP_MS : STOP_MS, running);
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    return reportFailure(error, terminal);
  }
}

type Run = (definition: CliCommand, args: readonly (string | undefined)[], flags: object) => Promise<void>;

/** The commands as `commander` knows them: also for completion and documentation. */
export function buildProgram(terminal: Pick<Terminal, "output" | "errors">, run: Run): Command {
  const program = new Command(PROGRAM)
    .description("Sets up, checks, fills, searches, moves and erases the data of langgraph-store-scylladb.")
    .version(versionOfPackage(), "--version", "prints the version")
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.output.write(text), writeErr: (text) => terminal.errors.write(text) })
    .showSuggestionAfterError()
    .addHelpText("after", EXIT_HELP);
  const groups = new Map<string, Command>();
  for (const [name, summary] of Object.entries(GROUPS)) groups.set(name, program.command(name).description(summary));
  for (const definition of COMMANDS) {
    const [first = "", second] = definition.name.split(" ");
    const parent = second === undefined ? program : (groups.get(first) ?? program);
    addCommand(parent.command(second ?? first, { isDefault: definition.isDefault === true }), definition, run);
  }
  return program;
}

const EXIT_HELP = `
Exit codes: 0 success, 1 problem found, 2 wrong usage or configuration, 3 server unreachable, 130 interrupted.
Configuration: scylladb-store.config.* in this folder, its profile, SCYLLADB_STORE_* variables, then flags.`;

function addCommand(command: Command, definition: CliCommand, run: Run): void {
  const { summary, details, examples, opensStore, changes, define } = definition;
  command.description(details === undefined ? summary : `${summary} ${details}`).summary(summary);
  define?.(command);
  command.option("--json", "prints one JSON document");
  if (changes) command.option("--dry-run", "changes nothing, and prints what would be done").option("-y, --yes", "asks no questions");
  if (opensStore) addStoreFlags(command);
  command.addHelpText("after", `\nExamples:\n${examples.map((example) => `  ${PROGRAM} ${example}`).join("\n")}`);
  command.action((...given: unknown[]) => {
    // Arguments first, then the flags, then the command itself.
    const args = given.slice(0, -2) as (string | undefined)[];
    return run(definition, args, given.at(-2) as object);
  });
}

function reportFailure(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const isInterrupted = terminal.signal.aborted;
  const code = isStoreError(error) ? ` (${error.code})` : "";
  note(terminal, isInterrupted ? "Interrupted." : `Error${code}: ${messageOf(error)}`);
  return isInterrupted ? EXIT.interrupted : exitCodeOf(error);
}
