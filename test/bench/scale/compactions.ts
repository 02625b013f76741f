import { setTimeout as pause } from "node:timers/promises";
import { Client, type ClientOptions } from "cassandra-driver";

const POLL_MS = 500;

/** Between two compactions there may be a moment without any. */
const QUIET_POLLS = 6;

/**
 * Waits until Cassandra has merged what a load left it in pieces; at most so long, milliseconds. ScyllaDB does not tell of
 * its compactions by CQL, and is not waited for.
 *
 * @returns seconds that it took; null where the server does not tell.
 */
export async function compacted(cql: ClientOptions, deadlineMs: number): Promise<number | null> {
  const client = new Client(cql);
  const begun = performance.now();
  try {
    await client.connect();
    const { rows } = await client.execute("SELECT table_name FROM system_virtual_schema.tables WHERE keyspace_name = 'system_views'");
    if (!rows.some((row) => row.get("table_name") === "sstable_tasks")) return null;
    for (let quiet = 0; quiet < QUIET_POLLS && performance.now() - begun < deadlineMs; ) {
      const tasks = await client.execute("SELECT keyspace_name FROM system_views.sstable_tasks");
      quiet = tasks.rowLength === 0 ? quiet + 1 : 0;
      await pause(POLL_MS);
    }
    return (performance.now() - begun) / 1_000;
  } finally {
    await client.shutdown();
  }
}
