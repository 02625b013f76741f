import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { identifier } from "../../config/options/cql.ts";
import { ConfigurationError } from "../../model/errors.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-code.ts";
import { projectFiles, type ProjectBackend, type ProjectEmbedder } from "../project-files.ts";
import { note, print, type Terminal } from "../terminal.ts";
import { versionOfPackage } from "../version.ts";

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
    const checked = identifier.safeParse(keyspace);
    if (!checked.success) throw new ConfigurationError(`--keyspace ${checked.error.issues[0]?.message ?? "is invalid"}, but is ${JSON.stringify(keyspace)}.`);
    const files = projectFiles({ backend, embedder, keyspace }, versionOfPackage());
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
    await noteNext(terminal, folder, backend, files, kept);
    return EXIT.ok;
  },
});

/** Files of lines, of which existing ones may lack some. */
const LISTS: readonly string[] = [".env", ".gitignore"];

/** Prints the steps that follow, and what kept files lack. */
async function noteNext(terminal: Terminal, folder: string, backend: ProjectBackend, files: Readonly<Record<string, string>>, kept: readonly string[]): Promise<void> {
  const isOwn = kept.includes("package.json");
  const steps = [
    ...(folder === "." ? [] : [`cd ${folder}`]),
    isOwn ? `npm install ${packagesIn(files["package.json"]).join(" ")}` : "npm install",
    ...(backend === "servers" ? ["docker compose up -d", "npx scylladb-store migrate up --yes"] : []),
    isOwn ? "node --env-file=.env agent.mjs" : "npm start",
  ];
  note(terminal, `Next: ${steps.join(" && ")}`);
  for (const name of kept.filter((each) => LISTS.includes(each))) {
    const missing = linesMissing(await readFile(join(folder, name), "utf8"), files[name] ?? "");
    if (missing.length > 0) note(terminal, `${name} was kept. Add to it: ${missing.join(", ")}`);
  }
}

/** The packages of a package.json, for npm install. */
function packagesIn(packageJson = "{}"): string[] {
  const { dependencies = {} } = JSON.parse(packageJson) as { readonly dependencies?: Readonly<Record<string, string>> };
  return Object.keys(dependencies);
}

/** The lines that a file lacks, apart from comments. A variable that is set is not missing. */
function linesMissing(kept: string, wanted: string): string[] {
  const lines = kept.split("\n").map((line) => line.trim());
  const isThere = (line: string): boolean => lines.some((own) => (line.endsWith("=") ? own.startsWith(line) : own === line));
  return wanted.split("\n").filter((line) => line !== "" && !line.startsWith("#") && !isThere(line));
}
