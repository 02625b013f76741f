import type { Finding } from "../../ports/diagnosis.ts";
import { messageOf } from "../../model/errors.ts";
import type { Health } from "../../telemetry/health.ts";
import { command } from "../command.ts";
import { EXIT, exitCodeOf, type ExitCode } from "../exit-code.ts";
import { loadStoreConfig, withStore, type StoreFlags } from "../open-store.ts";
import { print, type Terminal } from "../terminal.ts";

/** Oldest Node.js that the package runs on. */
const OLDEST_NODE = [22, 13] as const;

const MARKS: Readonly<Record<Finding["status"], string>> = { ok: "✓", warning: "!", problem: "✗" };

export const doctor = command({
  name: "doctor",
  summary: "Checks Node.js, configuration, connections, replication, clocks, rights, collection, embedder, backlog and audit trail.",
  details:
    "Prints ✓ for a check that passed, ! for a warning and ✗ for a problem, with the fix below each problem. Exit code 1 for a problem, 2 when the configuration is wrong, 3 when a " +
    'server cannot be reached. It embeds one text twice and writes the setting "doctor"; nothing else is changed.',
  examples: ["doctor", "doctor --profile production --json"],
  opensStore: true,
  changes: false,
  run: async ({ terminal, flags: { json, ...flags } }) => {
    const { findings, code } = await check(terminal, flags);
    if (json === true) {
      await print(terminal, JSON.stringify({ findings, ok: code === EXIT.ok }));
    } else {
      const width = Math.max(...findings.map((finding) => finding.check.length));
      for (const { check: name, status, detail, fix } of findings) {
        await print(terminal, `${MARKS[status]} ${name.padEnd(width)}  ${detail}`);
        if (fix !== null) await print(terminal, `  ${" ".repeat(width)}  → ${fix}`);
      }
    }
    return code;
  },
});

async function check(terminal: Terminal, flags: StoreFlags): Promise<{ readonly findings: readonly Finding[]; readonly code: ExitCode }> {
  const findings: Finding[] = [checkNode()];
  let reached = "Configuration";
  try {
    const config = await loadStoreConfig(terminal, flags);
    findings.push({ check: reached, status: "ok", detail: "cql" in config ? `servers, keyspace ${config.cql.keyspace}` : `local file ${config.path ?? "./langgraph-store.db"}`, fix: null });
    reached = "Connection";
    const { diagnosis, isReached } = await withStore(terminal, flags, async (store) => ({ diagnosis: await store.diagnose(), isReached: areReached(await store.health()) }));
    findings.push(...diagnosis);
    if (!isReached) return { findings, code: EXIT.unreachable };
  } catch (error) {
    terminal.signal.throwIfAborted();
    findings.push({ check: reached, status: "problem", detail: messageOf(error), fix: fixOf(reached, exitCodeOf(error)) });
    return { findings, code: exitCodeOf(error) };
  }
  return { findings, code: findings.some(({ status }) => status === "problem") ? EXIT.problem : EXIT.ok };
}

/** Whether every server answers. */
function areReached({ records, vectors }: Health): boolean {
  return records.status === "up" && (vectors === null || vectors.status === "up");
}

function fixOf(reached: string, code: ExitCode): string {
  if (reached === "Configuration") return "Correct what the message names; docs/configuration.md lists all options.";
  if (code === EXIT.unreachable) return "Start the server, and check address, credentials and TLS.";
  return "Do what the message says. A store that does not exist yet is created by: scylladb-store migrate up";
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldest, least] = OLDEST_NODE;
  const detail = process.version;
  if (major > oldest || (major === oldest && minor >= least)) return { check: "Node.js", status: "ok", detail, fix: null };
  return { check: "Node.js", status: "problem", detail, fix: `Install Node.js ${oldest}.${least} or newer.` };
}
