/** Runs programs for their output. */
import { spawn } from "node:child_process";

export async function output(file: string, args: readonly string[], cwd?: string): Promise<string> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_OPTIONS: "" }, ...(cwd === undefined ? {} : { cwd }) });
  let [text, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${file} exited with ${code}: ${errors}`);
  return text;
}
