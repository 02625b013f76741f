/** Checks of a CQL deployment: nodes, replication, tombstone collection, clock, rights. */
import { messageOf } from "../../model/errors.ts";
import { passed, type Finding } from "../../ports/diagnosis.ts";
import type { Settings } from "../../ports/settings.ts";
import type { CqlSession } from "./session.ts";
import { quoteIdentifier } from "./statements.ts";
import { missingStatements } from "./tombstone-gc.ts";

/** What the checks work with. */
export interface DiagnosisParts {
  readonly session: CqlSession;
  readonly keyspace: string;
  readonly settings: Settings;
  readonly usesTls: boolean;
}

/** Copies by which the loss of one node is survived. */
const SAFE_FACTOR = 3;

/** Difference of clocks that is worth a warning, and that endangers deletes, milliseconds. */
const CLOCK_WARNING_MS = 1_000;
const CLOCK_PROBLEM_MS = 60_000;

/** Runs all checks; a check that fails is a finding itself. */
export async function diagnoseCql(parts: DiagnosisParts): Promise<Finding[]> {
  const checks = { "CQL nodes": nodes, "CQL replication": replication, "CQL tombstone collection": tombstones, "CQL clock": clock, "CQL rights": rights, "CQL encryption": encryption };
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(checks)) {
    try {
      findings.push(await check(parts));
    } catch (error) {
      findings.push({ check: name, status: "problem", detail: `could not be checked: ${messageOf(error)}`, fix: "Fix the cause that the message names, and run doctor again." });
    }
  }
  return findings;
}

async function nodes({ session }: DiagnosisParts): Promise<Finding> {
  const [row] = await session.rows("SELECT release_version FROM system.local", [], "read");
  const all = session.nodes();
  const down = all.filter(({ isUp }) => !isUp).map(({ name }) => name);
  const detail = `${all.length - down.length} of ${all.length} nodes up, version ${String(row?.["release_version"])}`;
  if (down.length === 0) return passed("CQL nodes", detail);
  return { check: "CQL nodes", status: "problem", detail: `${detail}; down: ${down.join(", ")}`, fix: 'Start the nodes, and check them with "nodetool status".' };
}

async function replication({ session, keyspace }: DiagnosisParts): Promise<Finding> {
  const [row] = await session.rows("SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?", [keyspace], "read");
  const { class: strategy = "", ...factors } = (row?.["replication"] ?? {}) as Readonly<Record<string, string>>;
  const check = "CQL replication";
  if (!strategy.endsWith("NetworkTopologyStrategy")) {
    const name = strategy.slice(strategy.lastIndexOf(".") + 1);
    const fix = `ALTER KEYSPACE ${quoteIdentifier(keyspace)} WITH replication = {'class': 'NetworkTopologyStrategy', '<data center>': 3}; then: nodetool repair`;
    return { check, status: "warning", detail: `${name} ignores data centers and racks`, fix };
  }
  const found: Finding[] = Object.entries(factors).map(([dataCenter, text]) => {
    const hosts = session.hostsOf(dataCenter);
    const factor = Number.parseInt(text, 10);
    const racks = new Set(hosts.map(({ rack }) => rack)).size;
    const detail = `${factor} copies on ${hosts.length} nodes and ${racks} racks in ${dataCenter}`;
    const alter = `ALTER KEYSPACE ${quoteIdentifier(keyspace)} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCenter}': N}; then: nodetool repair`;
    if (factor > hosts.length) return { check, status: "problem", detail, fix: `More copies than nodes cannot be written: add nodes, or ${alter} with N = ${hosts.length}.` };
    if (factor < SAFE_FACTOR) return { check, status: "warning", detail: `${detail}: the loss of one node makes records unavailable`, fix: `For production run at least 3 nodes, and ${alter} with N = 3.` };
    if (racks > 1 && racks < factor) return { check, status: "warning", detail: `${detail}: one rack holds several copies`, fix: `Spread the nodes over ${factor} racks.` };
    return passed(check, detail);
  });
  return found.find(({ status }) => status === "problem") ?? found.find(({ status }) => status === "warning") ?? found[0] ?? passed(check, "none configured");
}

async function tombstones(parts: DiagnosisParts): Promise<Finding> {
  const check = "CQL tombstone collection";
  const missing = await missingStatements(parts);
  if (missing.length === 0) return passed(check, "tombstones of derived tables are collected by time");
  return { check, status: "problem", detail: `${missing.length} tables collect tombstones only after repairs`, fix: missing.join("; ") };
}

async function clock({ session }: DiagnosisParts): Promise<Finding> {
  const check = "CQL clock";
  const before = Date.now();
  const [row] = await session.rows("SELECT toUnixTimestamp(now()) AS ms FROM system.local", [], "read");
  const after = Date.now();
  const server = Number(row?.["ms"]);
  // Within the round trip nothing can be said.
  const difference = server < before ? server - before : Math.max(0, server - after);
  const detail = `differs by ${Math.abs(difference)} ms from this machine`;
  if (Math.abs(difference) < CLOCK_WARNING_MS) return passed(check, detail);
  return { check, status: Math.abs(difference) < CLOCK_PROBLEM_MS ? "warning" : "problem", detail, fix: "Synchronize the clocks of all machines with NTP (chrony)." };
}

async function rights({ settings, keyspace }: DiagnosisParts): Promise<Finding> {
  const check = "CQL rights";
  try {
    await settings.replace("doctor", new Date().toISOString());
    return passed(check, "may read and write the keyspace");
  } catch (error) {
    return { check, status: "problem", detail: messageOf(error), fix: `GRANT SELECT, MODIFY ON KEYSPACE ${quoteIdentifier(keyspace)} TO <role>;` };
  }
}

function encryption({ usesTls }: DiagnosisParts): Promise<Finding> {
  const check = "CQL encryption";
  if (usesTls) return Promise.resolve(passed(check, "TLS"));
  return Promise.resolve({ check, status: "warning", detail: "connections are not encrypted", fix: "Outside a trusted network, set cql.tls (docs/security.md)." });
}
