/**
 * `npm run test:examples [-- NAME…]`: packs the package, installs it with the commands of docs/examples.md into empty folders, and runs
 * every example and the MCP server there. Needs a package registry.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../test/servers/free-port.ts";
import * as checks from "../test/support/example-checks.ts";
import { copyExamples, installAsDocumented, installExample, packInto } from "../test/support/packed-package.ts";

const folder = await mkdtemp(join(tmpdir(), "examples-"));
const tarball = await packInto(folder, { types: true });

/** A folder in which an example that is a package of its own is installed. */
async function ownFolder(example: string): Promise<string> {
  const own = join(folder, example);
  await installExample(own, example, tarball);
  return own;
}

let shared: Promise<string> | undefined;

/** The folder of the examples that share their packages. */
function sharedFolder(): Promise<string> {
  return (shared ??= (async () => {
    const own = join(folder, "shared");
    await mkdir(own);
    await installAsDocumented(own, tarball);
    await copyExamples(own);
    return own;
  })());
}

const all: Record<string, () => Promise<void>> = {
  "chat-service": async () => checks.checkChatService(await sharedFolder()),
  deepagents: async () => checks.checkDeepAgents(await sharedFolder()),
  "load-documents": async () => checks.checkDocumentLoader(await sharedFolder()),
  "mcp-stdio": async () => checks.checkMcpStdio(await sharedFolder()),
  "mcp-http": async () => checks.checkMcpHttp(await sharedFolder()),
  nextjs: async () => {
    const own = await ownFolder("nextjs");
    await checks.checkNextJs(own, "dev");
    await checks.checkNextJs(own, "start");
  },
  "langgraph-server": async () => checks.checkLangGraphServer(await ownFolder("langgraph-server"), await freePort()),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => all[name] === undefined);
if (unknown.length > 0) throw new Error(`There is no example ${unknown.join(", ")}. Known are ${Object.keys(all).join(", ")}.`);
let failed = 0;
for (const [name, check] of Object.entries(all)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startedAt = performance.now();
  try {
    await check();
    console.log(`ok    ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.error(`FAIL  ${name}:`, error);
  }
}
await rm(folder, { recursive: true });
process.exitCode = failed === 0 ? 0 : 1;
