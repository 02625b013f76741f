import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "../../model/errors.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { projectFiles, type ProjectBackend, type ProjectEmbedder } from "../project-files.ts";
import { note, print } from "../terminal.ts";

interface Flags {
  readonly backend: ProjectBackend;
  readonly embedder: ProjectEmbedder;
  readonly keyspace: string;
}

const BACKENDS: readonly string[] = ["file", "servers"];
const EMBEDDERS: readonly string[] = ["local", "openai"];

export const init = command<Flags>({
  name: "init",
  summary: "Writes configuration, .env, a compose file and a first agent into a new or existing project.",
  details: "Existing files are kept. Connects to no server.",
  examples: ["init", "init my-agent --backend servers", "init --embedder openai --dry-run"],
  opensStore: false,
  changes: true,
  define: (program) =>
    program
      .argument("[folder]", "folder of the project, created if it does not exist", ".")
      .option("--backend <kind>", "file (one local file) or servers (ScyllaDB or Cassandra, and Qdrant)", "file")
      .option("--embedder <kind>", "local (no key) or openai", "local")
      .option("--keyspace <name>", "keyspace of the records", "agents"),
  run: async ({ terminal, args: [folder = "."], flags: { backend, embedder, keyspace, dryRun = false, json } }) => {
    if (!BACKENDS.includes(backend)) throw new ConfigurationError(`--backend must be ${BACKENDS.join(" or ")}, but is ${JSON.stringify(backend)}.`);
    if (!EMBEDDERS.includes(embedder)) throw new ConfigurationError(`--embedder must be ${EMBEDDERS.join(" or ")}, but is ${JSON.stringify(embedder)}.`);
    const files = projectFiles({ backend, embedder, keyspace }, await versionOfPackage());
    const [written, kept]: [string[], string[]] = [[], []];
    for (const name of Object.keys(files)) (existsSync(join(folder, name)) ? kept : written).push(name);
    if (!dryRun) {
      await mkdir(folder, { recursive: true });
      // Secrets go into .env: for its owner only.
      for (const name of written) await writeFile(join(folder, name), files[name] ?? "", { flag: "wx", ...(name === ".env" ? { mode: 0o600 } : {}) });
    }
    if (json === true) await print(terminal, JSON.stringify({ folder, written: dryRun ? [] : written, kept, dryRun }));
    else for (const name of Object.keys(files)) await print(terminal, `${kept.includes(name) ? "kept" : dryRun ? "would write" : "wrote"} ${name}`);
    if (dryRun) return EXIT.ok;
    const start = backend === "servers" ? ["docker compose up -d", "npx scylladb-store migrate up --yes"] : [];
    note(terminal, `Next: ${[...(folder === "." ? [] : [`cd ${folder}`]), "npm install", ...start, "npm start"].join(" && ")}`);
    if (kept.includes("package.json")) note(terminal, `package.json was kept. Install: npm install langgraph-store-scylladb @langchain/langgraph @langchain/core @langchain/langgraph-checkpoint`);
    return EXIT.ok;
  },
});

async function versionOfPackage(): Promise<string> {
  const { version } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8")) as { readonly version: string };
  return version;
}
