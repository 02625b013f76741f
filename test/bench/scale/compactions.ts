import { Client, type ClientOptions } from "cassandra-driver";
import { waitUntil } from "../../servers/wait-until.ts";

const POLL_MS = 500;

/** Idle time that proves the end, because there can be a pause between two compactions. */
const QUIET_POLLS = 6;

/**
 * Waits until Cassandra has compacted the data of a load. ScyllaDB does not report its compactions through CQL, and is not
 * waited for.
 *
 * @returns duration in seconds; null if the server does not report compactions.
 * @throws Error if compactions still run after `timeoutMs`
 */
export async function compacted(cql: ClientOptions, timeoutMs: number): Promise<number | null> {
  const client = new Client(cql);
  const begun = performance.now();
  try {
    await client.connect();
    const { rows } = await client.execute("SELECT table_name FROM system_virtual_schema.tables WHERE keyspace_name = 'system_views'");
    if (!rows.some((row) => row.get("table_name") === "sstable_tasks")) return null;
    let quiet = 0;
    const isQuiet = async (): Promise<boolean> => {
      const { rowLength } = await client.execute("SELECT keyspace_name FROM system_views.sstable_tasks");
      quiet = rowLength === 0 ? quiet + 1 : 0;
      return quiet === QUIET_POLLS;
    };
    await waitUntil("Cassandra's compactions", isQuiet, { timeoutMs, everyMs: POLL_MS });
    return (performance.now() - begun) / 1_000;
  } finally {
    await client.shutdown();
  }
}
