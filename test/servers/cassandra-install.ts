import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder, fillCacheFolder, isComplete } from "./cache-folder.ts";
import { hasMaven } from "./java.ts";

const run = promisify(execFile);

/** The Cassandra that tests run on. */
const CASSANDRA_VERSION = "5.0.4";

const MAVEN_DEADLINE_MS = 15 * 60_000;

function cassandraCacheFolder(env: NodeJS.ProcessEnv): string {
  return cacheFolder(env, `cassandra-${CASSANDRA_VERSION}`);
}

/** Says whether the cache holds every jar in full, so that Cassandra starts without Maven and without a network. */
export async function isCassandraInstalled(env: NodeJS.ProcessEnv): Promise<boolean> {
  return isComplete(cassandraCacheFolder(env));
}

/**
 * Makes sure that Cassandra's jars are in the cache, fetching them with Maven (66 MB) where they are absent or
 * incomplete. Any number of processes may do so at once.
 *
 * @param log receives one sentence when a download begins
 * @returns the folder of the jars
 * @throws Error that names Maven where it is missing, or holds Maven's own output where it failed
 */
export async function installCassandra(env: NodeJS.ProcessEnv, log: (line: string) => void): Promise<string> {
  const folder = cassandraCacheFolder(env);
  await fillCacheFolder(folder, async (work) => {
    if (!(await hasMaven(env))) {
      throw new Error(
        `Cassandra ${CASSANDRA_VERSION} is not in ${folder}, and Maven, which would fetch it, cannot be run. ` +
          "Install Maven (Debian, Ubuntu: apt-get install maven; macOS: brew install maven)",
      );
    }
    log(`Fetching Cassandra ${CASSANDRA_VERSION} (66 MB, once) with Maven into ${folder}`);
    const jars = join(work, "jars");
    await mkdir(jars);
    await download(work, jars, env);
    return jars;
  });
  return folder;
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
  const main = `cassandra-all-${CASSANDRA_VERSION}.jar`;
  if (!existsSync(join(jars, main))) throw new Error(`Maven reported success but left no ${main}`);
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
