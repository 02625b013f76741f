import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { hasMaven } from "./java.ts";

const run = promisify(execFile);

/** The Cassandra that tests run on. */
const CASSANDRA_VERSION = "5.0.4";

const MAVEN_DEADLINE_MS = 15 * 60_000;
const ABANDONED_AFTER_MS = 60 * 60_000;
const MANIFEST = "manifest.json";

type Manifest = Readonly<Record<string, number>>;

const installing = new Map<string, Promise<string>>();

/**
 * Says where Cassandra's jars are kept between runs: `$LANGGRAPH_STORE_CACHE`, or else
 * `~/.cache/langgraph-store-scylladb`, and in it a folder named by the version.
 */
function cassandraCacheFolder(env: NodeJS.ProcessEnv): string {
  const root = env["LANGGRAPH_STORE_CACHE"];
  return join(root || join(homedir(), ".cache", "langgraph-store-scylladb"), `cassandra-${CASSANDRA_VERSION}`);
}

/** Says whether the cache holds every jar in full, so that Cassandra starts without Maven and without a network. */
export async function isCassandraInstalled(env: NodeJS.ProcessEnv): Promise<boolean> {
  return isComplete(cassandraCacheFolder(env));
}

/**
 * Makes sure that Cassandra's jars are in the cache, fetching them with Maven (66 MB) where they are absent or
 * incomplete. Any number of processes may do so at once: each fetches into a folder of its own, and the first to be
 * done gives its folder the final name.
 *
 * @param log is told once, in one sentence, when a download begins
 * @returns the folder of the jars
 * @throws Error that names Maven where it is missing, or holds Maven's own output where it failed
 */
export async function installCassandra(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const folder = cassandraCacheFolder(env);
  const running = installing.get(folder);
  if (running !== undefined) return running;
  const install = installInto(folder, env, log).finally(() => installing.delete(folder));
  installing.set(folder, install);
  return install;
}

async function installInto(folder: string, env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  if (await isComplete(folder)) return folder;
  if (!(await hasMaven(env))) {
    throw new Error(
      `Cassandra ${CASSANDRA_VERSION} is not in ${folder}, and Maven, which would fetch it, cannot be run. ` +
        "Install Maven (Debian, Ubuntu: apt-get install maven; macOS: brew install maven)",
    );
  }
  log(`Fetching Cassandra ${CASSANDRA_VERSION} (66 MB, once) with Maven into ${folder}`);
  const work = `${folder}.${process.pid}-${randomUUID()}`;
  try {
    const jars = join(work, "jars");
    await mkdir(jars, { recursive: true });
    await removeAbandoned(folder);
    await download(work, jars, env);
    await writeFile(join(jars, MANIFEST), JSON.stringify(await sizes(jars), undefined, 2));
    await moveIntoPlace(jars, folder, join(work, "replaced"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

// An install that was interrupted leaves its work folder; none takes as long as this, so nobody uses it any more.
async function removeAbandoned(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(folder)}.`)) continue;
    const { mtimeMs } = await stat(join(parent, name));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}

// Maven's local repository is a temporary one: the user's may be in use by another Maven, may hold half a download of a
// crashed one, and would keep a second copy of everything.
async function download(work: string, jars: string, env: NodeJS.ProcessEnv): Promise<void> {
  await writeFile(join(work, "pom.xml"), POM);
  const args = [
    "--batch-mode",
    "--no-transfer-progress",
    "--quiet",
    `-Dmaven.repo.local=${join(work, "repository")}`,
    "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies",
    "-DincludeScope=runtime",
    `-DoutputDirectory=${jars}`,
  ];
  try {
    await run("mvn", args, { cwd: work, env, timeout: MAVEN_DEADLINE_MS, maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`Maven could not fetch Cassandra ${CASSANDRA_VERSION}:\n${stdout}${stderr}`.trimEnd(), {
      cause: error,
    });
  }
}

async function moveIntoPlace(jars: string, folder: string, aside: string): Promise<void> {
  if (await renamed(jars, folder)) return;
  if (await isComplete(folder)) return;
  await renamed(folder, aside);
  // Another process may have put a complete folder there between the check and the move; then that one goes back.
  const source = (await isComplete(aside)) ? aside : jars;
  if ((await renamed(source, folder)) || (await isComplete(folder))) return;
  throw new Error(`${folder} cannot be replaced: remove it and run again`);
}

/** Renames a folder; false where the target is a folder that holds something, or the source is gone. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOENT") return false;
    throw error;
  }
}

// The manifest is written after the last jar, so a folder with one was complete; sizes tell what was damaged since.
async function isComplete(folder: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, MANIFEST), "utf8")) as Manifest;
    const checks = Object.entries(manifest).map(async ([name, size]) => (await stat(join(folder, name))).size === size);
    return checks.length > 0 && (await Promise.all(checks)).every(Boolean);
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function sizes(folder: string): Promise<Manifest> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jar")).sort();
  if (!names.includes(`cassandra-all-${CASSANDRA_VERSION}.jar`)) {
    throw new Error(`Maven reported success but left no cassandra-all-${CASSANDRA_VERSION}.jar`);
  }
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await stat(join(folder, name))).size] as const)),
  );
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>langgraph-store-scylladb</groupId>
  <artifactId>cassandra-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId>
      <artifactId>cassandra-all</artifactId>
      <version>${CASSANDRA_VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;
