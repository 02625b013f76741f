import { execFile } from "node:child_process";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const run = promisify(execFile);

/** Builds and packs the package in a folder, apart from `dist`, which other tests use; returns the path of the tarball. */
export async function packPackage(folder: string): Promise<string> {
  const contents = join(folder, "package");
  await run(process.execPath, [join(ROOT, "node_modules/tsdown/dist/run.mjs"), "--out-dir", join(contents, "dist"), "--logLevel", "error"], { cwd: ROOT });
  for (const file of ["package.json", "README.md", "CHANGELOG.md", "LICENSE"]) await cp(join(ROOT, file), join(contents, file));
  await run("npm", ["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", folder], { cwd: contents });
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack has written no tarball.");
  return join(folder, tarball);
}
