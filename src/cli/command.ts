/** What a command consists of. */
import type { Command } from "commander";
import type { ExitCode } from "./exit-code.ts";
import type { StoreFlags } from "./open-store.ts";
import type { Terminal } from "./terminal.ts";

/** Flags of commands; each command defines those that it takes. */
export interface CommonFlags extends StoreFlags {
  /** Prints one JSON document instead of text. */
  readonly json?: boolean;
  /** Changes nothing. */
  readonly dryRun?: boolean;
  /** Asks nothing. */
  readonly yes?: boolean;
}

/** What a command is run with. */
export interface Invocation<Flags> {
  readonly terminal: Terminal;
  /** All commands, for completion. */
  readonly program: Command;
  /** The arguments as they were given, the name of the command included. */
  readonly given: readonly string[];
  /** Positional arguments; omitted ones are undefined. */
  readonly args: readonly (string | undefined)[];
  readonly flags: Flags & CommonFlags;
}

/** A command of the command line. */
export interface CliCommand<Flags = object> {
  /** With its group, if it has one: "migrate up". */
  readonly name: string;
  /** Whether it runs when only its group is given. */
  readonly isDefault?: boolean;
  /** One line. */
  readonly summary: string;
  /** Further sentences for `--help` and the documentation. */
  readonly details?: string;
  /** Arguments after the program's name. */
  readonly examples: readonly string[];
  /** Whether it takes the flags that select a store. */
  readonly opensStore: boolean;
  /** Whether it changes data, and so takes --dry-run and --yes. */
  readonly changes: boolean;
  /** Whether Ctrl-C lets it complete the part in progress; other commands end at once. */
  readonly stopsAfterPart?: boolean;
  /** Adds arguments and flags of its own. */
  readonly define?: (command: Command) => Command;
  /** Resolves with the exit code. */
  readonly run: (invocation: Invocation<Flags>) => Promise<ExitCode>;
}

/** Checks a command against the type of its flags, which the list of all commands does not have. */
export function command<Flags = object>(definition: CliCommand<Flags>): CliCommand {
  return definition as CliCommand;
}
