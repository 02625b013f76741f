/** The programs that the README shows, ready to be run as they stand. */
import { spawn } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { uniqueName } from "./stores.ts";

const ROOT = new URL("../../", import.meta.url);

/** The block that is marked `<!-- run: name -->`. */
export async function readmeBlock(name: string): Promise<string> {
  const readme = await readFile(new URL("README.md", ROOT), "utf8");
  const block = new RegExp(`<!-- run: ${name} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (block === undefined) throw new Error(`The README has no block marked "run: ${name}".`);
  return block;
}

/** Runs a program in a process of its own, against the sources, and returns what it printed. */
export async function runProgram(program: string): Promise<string> {
  const file = new URL(`examples/.${uniqueName("readme")}.ts`, ROOT);
  await writeFile(file, program);
  try {
    return await output(process.execPath, ["--import", fileURLToPath(new URL("test/support/use-sources.ts", ROOT)), fileURLToPath(file)]);
  } finally {
    await rm(file);
  }
}

/** Runs a command to its end; rejects with what it printed when it fails. */
export async function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const child = spawn(command, args, { cwd: fileURLToPath(ROOT), env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${text}`);
  return text;
}
