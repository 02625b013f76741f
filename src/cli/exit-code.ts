/** Exit codes of the commands, and which error leads to which. */
import { isStoreError } from "../model/errors.ts";
import { isError } from "../model/realms.ts";

export const EXIT = {
  ok: 0,
  /** The command ran and found, or left, a problem. */
  problem: 1,
  /** The command line or the configuration is wrong. Nothing was done. */
  usage: 2,
  /** A server could not be reached, or did not accept the credentials. */
  unreachable: 3,
  /** Ctrl-C, as shells report it. */
  interrupted: 130,
} as const;

/** An exit code of a command. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const USAGE_CODES: readonly string[] = ["CONFIGURATION", "VALIDATION"];
const UNREACHABLE_CODES: readonly string[] = ["CONNECTION", "UNAVAILABLE", "TIMEOUT", "AUTHENTICATION"];

/** The exit code of a command that failed with an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (isError(error) && error.name === "InvalidNamespaceError") return EXIT.usage;
  if (!isStoreError(error)) return EXIT.problem;
  if (USAGE_CODES.includes(error.code)) return EXIT.usage;
  return UNREACHABLE_CODES.includes(error.code) ? EXIT.unreachable : EXIT.problem;
}
