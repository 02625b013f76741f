/** The package as npm packs it, in a folder outside of the repository. */
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/**
 * Builds the package and packs it into a folder; returns the path of the tarball. The build of the repository is not touched.
 *
 * @param options.types - whether the package contains its declarations, which take most of the time of a build
 */
export async function packInto(folder: string, { types }: { readonly types: boolean }): Promise<string> {
  const staged = join(folder, "staged");
  await mkdir(staged, { recursive: true });
  const tsdown = join(ROOT, "node_modules", "tsdown", "dist", "run.mjs");
  await run(process.execPath, [tsdown, ...(types ? [] : ["--no-dts"]), "--logLevel", "error", "--out-dir", join(staged, "dist")], { cwd: ROOT });
  for (const name of ["package.json", "CHANGELOG.md", "README.md", "LICENSE"]) await cp(join(ROOT, name), join(staged, name));
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { cwd: staged, maxBuffer: 2 ** 26 });
  const [{ filename } = { filename: "" }] = JSON.parse(stdout) as { filename: string }[];
  return join(folder, filename);
}

/** What installs and runs leave in the folders of examples. */
const GENERATED = /\/(?:node_modules|\.next|\.langgraph_api)(?:\/|$)|\.db(?:-\w+)?$/;

/** Copies an example, or all of them, into a folder, without what is installed or written beside it. */
export async function copyExamples(folder: string, example = ""): Promise<void> {
  const from = join(ROOT, "examples", example);
  await cp(from, example === "" ? join(folder, "examples") : folder, { recursive: true, filter: (path) => !GENERATED.test(path.slice(from.length)) });
}

/** The commands that docs/examples.md gives for a folder outside of the repository. */
export async function documentedCommands(): Promise<string[]> {
  const page = await readFile(join(ROOT, "docs/examples.md"), "utf8");
  const block = /<!-- run: own-folder -->\n```sh\n([\s\S]*?)```/.exec(page)?.[1];
  if (block === undefined) throw new Error('docs/examples.md has no block marked "run: own-folder".');
  return block.trim().split("\n").map((line) => line.replace(/ +#.*/, ""));
}

/** Packages that these commands install, without this one. */
function installedBy(commands: readonly string[]): string[] {
  const lines = commands.filter((line) => line.startsWith("npm install "));
  return lines.flatMap((line) => line.split(" ").slice(2)).filter((name) => name !== "langgraph-store-scylladb");
}

/**
 * Installs the tarball into an empty folder without a registry: what the documented commands install, and what the package depends on,
 * are links to the packages of the repository. Nothing else can be imported there.
 */
export async function installOffline(folder: string, tarball: string): Promise<void> {
  const installed = join(folder, "node_modules", "langgraph-store-scylladb");
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  const { dependencies } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as { dependencies: Record<string, string> };
  const names = new Set([...installedBy(await documentedCommands()), ...Object.keys(dependencies)]);
  for (const name of names) {
    const link = join(folder, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), link, "dir");
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
}

/** Runs the documented commands in an empty folder, with the tarball in place of the published package. */
export async function installAsDocumented(folder: string, tarball: string): Promise<void> {
  const commands = (await documentedCommands()).map((line) => line.replace(" langgraph-store-scylladb ", ` ${tarball} `));
  await run("sh", ["-ec", commands.join("\n")], { cwd: folder, maxBuffer: 2 ** 26 });
}

/** Installs an example that is a package of its own, with the tarball in place of the repository. */
export async function installExample(folder: string, example: string, tarball: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyExamples(folder, example);
  const file = join(folder, "package.json");
  const text = (await readFile(file, "utf8")).replace('"file:../.."', JSON.stringify(`file:${tarball}`));
  await writeFile(file, text);
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
}
