import { ConfigurationError } from "../../model/errors.ts";
import { command } from "../command.ts";
import { completionScript, isShell } from "../completion.ts";
import { EXIT } from "../exit-code.ts";
import { print } from "../terminal.ts";

export const completion = command({
  name: "completion",
  summary: "Prints a completion script for bash or zsh.",
  details: "Load it in the current shell, or in ~/.bashrc or ~/.zshrc.",
  examples: ["completion bash > ~/.scylladb-store.bash", "completion zsh"],
  opensStore: false,
  changes: false,
  define: (program) => program.argument("<shell>", "bash or zsh"),
  run: async ({ terminal, program, args: [shell = ""], flags: { json } }) => {
    if (!isShell(shell)) throw new ConfigurationError(`There is no completion for ${JSON.stringify(shell)}: use bash or zsh.`);
    const script = completionScript(program, shell);
    await print(terminal, json === true ? JSON.stringify({ shell, script }) : script);
    return EXIT.ok;
  },
});
