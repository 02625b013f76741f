/** Completion scripts, generated from the commands and their flags. */
import type { Command } from "commander";

const SHELLS = ["bash", "zsh"] as const;

/** A shell that completion exists for. */
export type Shell = (typeof SHELLS)[number];

/** Names of the program as it is installed. */
const PROGRAMS = ["scylladb-store", "langgraph-store-scylladb"];

export function isShell(name: string): name is Shell {
  return (SHELLS as readonly string[]).includes(name);
}

/** A script that completes commands and flags; file names where neither fits. */
export function completionScript(program: Command, shell: Shell): string {
  const cases = wordsByCommand(program).map(([path, words]) => `    ${JSON.stringify(path)}) words=${JSON.stringify(words.join(" "))} ;;`);
  const groups = program.commands.filter(({ commands }) => commands.length > 0).map((group) => group.name());
  const script = [
    "_scylladb_store() {",
    '  local current="${COMP_WORDS[COMP_CWORD]}" path="" words="" word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    [[ "$word" == -* ]] && continue',
    `    if [[ -z "$path" ]]; then path="$word"; [[ " ${groups.join(" ")} " == *" $word "* ]] || break`,
    '    else path="$path $word"; break; fi',
    "  done",
    '  case "$path" in',
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  if [[ ${#COMPREPLY[@]} -eq 0 && "$current" != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi',
    "}",
    `complete -o filenames -F _scylladb_store ${PROGRAMS.join(" ")}`,
  ];
  return (shell === "zsh" ? ["autoload -U +X compinit && compinit", "autoload -U +X bashcompinit && bashcompinit", ...script] : script).join("\n");
}

/** The words that may follow each command: those of its subcommands, and its flags. */
function wordsByCommand(program: Command, path = ""): [string, string[]][] {
  const flags = program.options.map((option) => option.long).filter((flag) => typeof flag === "string");
  const own: [string, string[]] = [path, [...program.commands.map((each) => each.name()), ...flags, "--help"]];
  return [own, ...program.commands.flatMap((each) => wordsByCommand(each, path === "" ? each.name() : `${path} ${each.name()}`))];
}
