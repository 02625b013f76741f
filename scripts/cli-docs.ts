/**
 * Generates the reference of commands in `docs/cli.md` from the commands themselves.
 *
 *     node scripts/cli-docs.ts          writes the page
 *     node scripts/cli-docs.ts --check  fails if the page is not up to date
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { COMMANDS } from "../src/cli/commands/index.ts";
import { buildProgram, PROGRAM } from "../src/cli/program.ts";
import { addStoreFlags } from "../src/cli/open-store.ts";

const DOCS = fileURLToPath(new URL("../docs/cli.md", import.meta.url));
const BEGIN = "<!-- commands: written by npm run docs:cli -->";
const END = "<!-- end of commands -->";

/** Returns the expected content of the page, and whether the page is stale. */
export async function writtenPage(): Promise<{ readonly text: string; readonly isStale: boolean }> {
  const docs = await readFile(DOCS, "utf8");
  const [before, rest] = docs.split(BEGIN);
  const [, after] = (rest ?? "").split(END);
  if (before === undefined || after === undefined) throw new Error(`docs/cli.md must contain ${BEGIN} and ${END}`);
  const text = `${before}${BEGIN}\n\n${sections().join("\n\n")}\n\n${END}${after}`;
  return { text, isStale: text !== docs };
}

function sections(): string[] {
  const program = buildProgram({ output: process.stdout, errors: process.stderr }, () => Promise.resolve());
  const shared = new Set(addStoreFlags(program.createCommand()).options.map(({ flags }) => flags));
  return [storeFlags(program), ...COMMANDS.map(({ name, summary, details, examples }) => {
    const command = find(program, name);
    const usage = `${PROGRAM} ${name}${command.registeredArguments.map(argumentText).join("")}`;
    const own = command.options.filter(({ flags }) => !shared.has(flags));
    const rows = [
      ...command.registeredArguments.map((argument) => row(argumentText(argument).trim(), argument.description)),
      ...own.map(({ flags, description, defaultValue }) => row(flags, description + defaultText(defaultValue))),
    ];
    const hasStore = command.options.length > own.length;
    return [
      `### ${name}`,
      details === undefined ? summary : `${summary} ${details}`,
      `\`\`\`sh\n${[`${PROGRAM} ${name}`, ...examples.map((example) => `${PROGRAM} ${example}`)].slice(1).join("\n")}\n\`\`\``,
      `Usage: \`${usage}\`${hasStore ? ", with the [flags of the store](#flags-of-the-store)" : ""}.`,
      `| argument or flag | meaning |\n|---|---|\n${rows.join("\n")}`,
    ].join("\n\n");
  })];
}

function storeFlags(program: Command): string {
  const rows = addStoreFlags(program.createCommand()).options.map(({ flags, description, defaultValue }) => row(flags, description + defaultText(defaultValue)));
  return `### Flags of the store\n\n| flag | meaning |\n|---|---|\n${rows.join("\n")}`;
}

function find(program: Command, name: string): Command {
  return name.split(" ").reduce((parent, each) => {
    const command = parent.commands.find((candidate) => candidate.name() === each);
    if (command === undefined) throw new Error(`There is no command ${name}`);
    return command;
  }, program);
}

function argumentText(argument: { name(): string; readonly required: boolean }): string {
  return argument.required ? ` <${argument.name()}>` : ` [${argument.name()}]`;
}

function defaultText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? ` (default: ${value})` : "";
}

function row(name: string, meaning: string): string {
  return `| \`${name.replaceAll("|", "\\|")}\` | ${meaning.replaceAll("|", "\\|")} |`;
}

async function main(): Promise<void> {
  const { text, isStale } = await writtenPage();
  if (!process.argv.includes("--check")) await writeFile(DOCS, text);
  else if (isStale) {
    console.error("docs/cli.md differs from the commands: run npm run docs:cli");
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
