/** Prometheus and Alertmanager with their tools, as Debian packages them: version 2.42 and 0.25 or newer. */
import { execFile } from "node:child_process";
import { access, constants, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fillCacheFolder, isComplete } from "./cache-folder.ts";

const run = promisify(execFile);

/** Programs by the packages that hold them. */
const PACKAGES = {
  prometheus: ["prometheus", "promtool"],
  "prometheus-alertmanager": ["prometheus-alertmanager", "amtool"],
} as const;

/** What others than Debian call a program. */
const OTHER_NAMES: Readonly<Record<string, string>> = { "prometheus-alertmanager": "alertmanager" };

/** What Alertmanager opens at its start, and where Debian's build looks for it, wherever it is itself. */
const TEMPLATES = ["default.tmpl", "email.tmpl"];
const DEBIAN_FOLDER = "/usr/share/prometheus/alertmanager";

const DEADLINE_MS = 5 * 60_000;
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

const FIX =
  "Install them so that they are on the PATH (Debian, Ubuntu: apt-get install prometheus prometheus-alertmanager; " +
  "macOS: brew install prometheus alertmanager)";

/** Where each program is. */
export interface PrometheusPrograms {
  readonly prometheus: string;
  readonly promtool: string;
  readonly alertmanager: string;
  readonly amtool: string;
  /** Files to be copied into the folder that `alertmanager` is started in; none where the program finds its own. */
  readonly templates: readonly string[];
}

/**
 * Says where the programs are: on the PATH, or else in the cache, into which they are fetched (30 MB) by apt-get, which needs
 * no root for that. Any number of processes may do so at once.
 *
 * @param log receives one sentence when a download begins
 * @throws Error that says what to install where there is no apt-get, or with its output where it failed
 */
export async function installPrometheus(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<PrometheusPrograms> {
  const names = Object.values(PACKAGES).flat();
  const found = await Promise.all(names.map((name) => onPath(name, env)));
  const [prometheus, promtool, alertmanager, amtool] = found;
  if (prometheus && promtool && alertmanager && amtool) return { prometheus, promtool, alertmanager, amtool, templates: [] };
  const folder = cacheFolder(env, "prometheus-debian-unpacked");
  if (!(await isComplete(folder))) await fetchInto(folder, env, log);
  const program = (name: string): string => join(folder, name);
  return {
    prometheus: program("prometheus"),
    promtool: program("promtool"),
    alertmanager: program("prometheus-alertmanager"),
    amtool: program("amtool"),
    templates: TEMPLATES.map(program),
  };
}

async function onPath(name: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  for (const folder of (env["PATH"] ?? "").split(delimiter).filter((part) => part !== "")) {
    for (const file of [name, OTHER_NAMES[name] ?? name].map((file) => join(folder, file))) {
      try {
        await access(file, constants.X_OK);
        return file;
      } catch {
        // Not in this folder, or not to be run by this user: the next one may have it.
      }
    }
  }
  return null;
}

async function fetchInto(folder: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<void> {
  await fillCacheFolder(folder, async (work) => {
    if ((await onPath("apt-get", env)) === null || (await onPath("dpkg-deb", env)) === null) {
      throw new Error(`Prometheus and Alertmanager are not on the PATH, nor in ${folder}, and there is no apt-get to fetch them. ${FIX}`);
    }
    log(`Fetching Prometheus and Alertmanager (30 MB, once) with apt-get into ${folder}`);
    await download(work, env);
    const unpacked = join(work, "unpacked");
    for (const name of await readdir(work)) {
      if (name.endsWith(".deb")) await run("dpkg-deb", ["-x", join(work, name), unpacked], { env, timeout: DEADLINE_MS });
    }
    const programs = join(work, "programs");
    await mkdir(programs);
    // The rest, half of it, is documentation, services and pages for browsers.
    for (const name of Object.values(PACKAGES).flat()) await rename(join(unpacked, "usr", "bin", name), join(programs, name));
    for (const name of TEMPLATES) await rename(join(unpacked, DEBIAN_FOLDER, name), join(programs, name));
    await takeTemplatesFromWorkingFolder(join(programs, "prometheus-alertmanager"));
    return programs;
  });
}

// Debian's build reads its templates in a folder that only root can fill. "./////…", of the same length, takes its place.
async function takeTemplatesFromWorkingFolder(program: string): Promise<void> {
  const code = await readFile(program);
  const workingFolder = ".".padEnd(DEBIAN_FOLDER.length, "/");
  for (let at = code.indexOf(DEBIAN_FOLDER); at >= 0; at = code.indexOf(DEBIAN_FOLDER, at)) code.write(workingFolder, at, "latin1");
  await writeFile(program, code);
}

async function download(work: string, env: NodeJS.ProcessEnv): Promise<void> {
  const unsandboxed = ["-o", "APT::Sandbox::User="];
  const fetchPackages = ["download", "-q", ...Object.keys(PACKAGES)];
  try {
    await aptGet([...unsandboxed, ...fetchPackages], work, env);
  } catch {
    // Images of containers come without lists of packages, or with old ones that name what is gone: lists of our own then.
    const state = join(work, "state");
    await mkdir(join(state, "lists", "partial"), { recursive: true });
    await mkdir(join(work, "cache", "archives", "partial"), { recursive: true });
    const places = [`Dir::State=${state}`, `Dir::Cache=${join(work, "cache")}`, "Dir::State::status=/var/lib/dpkg/status"];
    const options = [...unsandboxed, ...places.flatMap((place) => ["-o", place])];
    await aptGet([...options, "update", "-q"], work, env);
    await aptGet([...options, ...fetchPackages], work, env);
  }
}

async function aptGet(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  try {
    await run("apt-get", args, { cwd, env, timeout: DEADLINE_MS, maxBuffer: MOST_OUTPUT_BYTES });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`apt-get could not fetch Prometheus and Alertmanager. ${FIX}. It said:\n${stdout}${stderr}`.trimEnd(), { cause: error });
  }
}
