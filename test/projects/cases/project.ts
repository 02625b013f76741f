/** A project of a user in a temporary folder, with the packed package installed. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import versions from "../versions.json" with { type: "json" };

/** Name of a package with a pinned version. */
export type PinnedPackage = keyof typeof versions;

/** Longest time of one command, milliseconds. Only for one that hangs. */
const COMMAND_DEADLINE_MS = 480_000;

const FILES = fileURLToPath(new URL("..", import.meta.url));

/** What a command printed. */
interface CommandOutput {
  readonly stdout: string;
  readonly all: string;
}

/** A project of a user. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Creates a project, copies folders of this directory into it, and installs the tarball and pinned packages. */
  static async create(tarball: string, packages: readonly PinnedPackage[], folders: readonly string[]): Promise<Project> {
    const project = new Project(await mkdtemp(join(tmpdir(), "store-project-")));
    const dependencies = Object.fromEntries(packages.map((name) => [name, versions[name]]));
    const manifest = { name: "user-project", private: true, dependencies: { ...dependencies, "langgraph-store-scylladb": `file:${tarball}` } };
    await writeFile(join(project.folder, "package.json"), JSON.stringify(manifest, null, 2));
    for (const name of folders) await cp(join(FILES, name), project.folder, { recursive: true });
    await project.run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]);
    return project;
  }

  /** Path of a file of the project. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** Returns the text of a file of the project. */
  async read(...parts: string[]): Promise<string> {
    return readFile(this.path(...parts), "utf8");
  }

  /** Runs a program of the project, or Node.js. Rejects with its output when it fails. */
  async run(command: string, args: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}): Promise<CommandOutput> {
    const path = [this.path("node_modules", ".bin"), dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter);
    const env: NodeJS.ProcessEnv = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1", ...options.env, PATH: path };
    // Those of the process that started this one concern only itself.
    for (const name of Object.keys(env)) if (/^(npm_|VITEST|JEST|NODE_ENV$|NODE_OPTIONS$|FORCE_COLOR$)/.test(name) && options.env?.[name] === undefined) Reflect.deleteProperty(env, name);
    const child = spawn(command === "node" ? process.execPath : command, args, {
      cwd: options.cwd ?? this.folder,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: COMMAND_DEADLINE_MS,
    });
    const output = { stdout: "", all: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
      output.all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output.all += text;
    });
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once("error", reject).once("close", resolve);
    const code = await promise;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${code}:\n${output.all.slice(-4_000)}`);
    return output;
  }

  /** Runs an application, which must report success. */
  async runApp(command: string, args: readonly string[], cwd = this.folder): Promise<void> {
    const { all } = await this.run(command, args, { cwd });
    if (!all.includes("PASSED")) throw new Error(`${command} ${args.join(" ")} did not report success:\n${all.slice(-4_000)}`);
    const stray = /Uncaught|UnhandledPromise|is not a function/.exec(all);
    if (stray !== null) throw new Error(`${command} ${args.join(" ")} printed an error:\n${all.slice(-4_000)}`);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
