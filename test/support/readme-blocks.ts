/** Runs the programs of the README and other pages unchanged. */
import { spawn } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { uniqueName } from "./stores.ts";

const ROOT = new URL("../../", import.meta.url);

/** The block that is marked `<!-- run: name -->`, in the README or in another page. */
export async function readmeBlock(name: string, page = "README.md"): Promise<string> {
  const readme = await readFile(new URL(page, ROOT), "utf8");
  const block = new RegExp(`<!-- run: ${name} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (block === undefined) throw new Error(`${page} has no block marked "run: ${name}".`);
  return block;
}

/** Runs a program in a separate process with this package's sources, and returns its output. `env` extends its environment. */
export async function runProgram(program: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const file = new URL(`examples/.${uniqueName("readme")}.ts`, ROOT);
  await writeFile(file, program);
  try {
    return await output([fileURLToPath(file)], env);
  } finally {
    await rm(file);
  }
}

/** Runs an example in a separate process with this package's sources and without an OpenAI key. */
export function runExample(name: string, args: readonly string[]): Promise<string> {
  return output([`examples/${name}.ts`, ...args], {});
}

/** Runs node and returns its output; rejects with the output if it fails. */
async function output(args: readonly string[], added: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(ROOT),
    // In the environment, so that it also applies to processes that the program starts. Node.js 22 calls node:sqlite experimental.
    env: { ...process.env, OPENAI_API_KEY: "", NODE_OPTIONS: "--import ./test/support/use-sources.ts --disable-warning=ExperimentalWarning", ...added },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}:\n${text}`);
  return text;
}
