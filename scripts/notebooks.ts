/**
 * `npm run notebooks [-- --check] [NAME…]`: executes the notebooks of examples/notebooks from top to bottom and stores their
 * outputs; with `--check`, stores nothing.
 */
import { parseArgs } from "node:util";
import { asEnvironment } from "../test/servers/environment.ts";
import { startPostgres } from "../test/servers/postgres.ts";
import { startServers } from "../test/servers/servers.ts";
import { executeNotebook, notebookNames, saveNotebook } from "../test/support/notebooks.ts";

const { values, positionals } = parseArgs({ options: { check: { type: "boolean", default: false } }, allowPositionals: true });

/** The notebook that takes a service away needs servers, and the one that moves from PostgresStore a Postgres. */
const NEEDS_SERVERS = /^04-/;
const NEEDS_POSTGRES = /^05-/;

const names = (await notebookNames()).filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
if (names.length === 0) throw new Error(`No notebook is named like ${positionals.join(", ")}.`);
const servers = names.some((name) => NEEDS_SERVERS.test(name)) ? await startServers() : null;
const postgres = names.some((name) => NEEDS_POSTGRES.test(name)) ? await startPostgres() : null;
try {
  const added: NodeJS.ProcessEnv = {};
  for (const line of servers === null ? [] : asEnvironment(servers)) {
    const end = line.indexOf("=");
    added[line.slice(0, end)] = line.slice(end + 1);
  }
  if (postgres !== null) added["POSTGRES_URL"] = postgres.connectionString;
  for (const name of names) {
    const started = performance.now();
    const executed = await executeNotebook(name, { ...process.env, ...added });
    if (!values.check) await saveNotebook(name, executed);
    console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
} finally {
  await Promise.all([servers?.stop(), postgres?.stop()]);
}
