import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const VERSION_DEADLINE_MS = 120_000;

/** The Java that Cassandra 5.0 runs on; newer ones are refused by Cassandra itself. */
const NEEDED = 17;

/**
 * Finds a Java 17: `JAVA_HOME`, GitHub's `JAVA_HOME_17_X64` and `JAVA_HOME_17_ARM64`, then `java` on the PATH.
 *
 * @returns the program's path or name
 * @throws Error that names the checked places and what to install
 */
export async function findJava(env: NodeJS.ProcessEnv): Promise<string> {
  const homes = [env["JAVA_HOME"], env["JAVA_HOME_17_X64"], env["JAVA_HOME_17_ARM64"]].filter((home) => home);
  const candidates = [...homes.map((home) => join(home ?? "", "bin", "java")), "java"];
  const seen: string[] = [];
  for (const candidate of candidates) {
    const version = await majorVersion(candidate, env);
    if (version === NEEDED) return candidate;
    seen.push(`${candidate}: ${version === undefined ? "not there" : `version ${version}`}`);
  }
  throw new Error(
    `Cassandra 5.0 needs Java ${NEEDED} (${seen.join("; ")}). Install it (Debian, Ubuntu: apt-get install ` +
      `openjdk-17-jre-headless; macOS: brew install openjdk@17), or point JAVA_HOME at it`,
  );
}

/** Returns whether Maven can be run. Its output is ignored. */
export async function hasMaven(env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await output("mvn", ["--version"], env)) !== undefined;
}

async function majorVersion(java: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  const text = await output(java, ["-version"], env);
  // 'openjdk version "17.0.15" 2025-04-15'; before Java 9 it was "1.8.0_412".
  const match = /version "(?:1\.)?(\d+)/.exec(text ?? "");
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

async function output(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(file, args, { env, timeout: VERSION_DEADLINE_MS });
    return `${stdout}${stderr}`;
  } catch {
    // Absent, not executable or not answering: in each case not to be counted on, and the caller says so.
    return undefined;
  }
}
