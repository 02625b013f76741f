/**
 * All statements of the repositories, to be prepared. Each names its full partition key, so that the driver routes it to a replica, except:
 * - the scan, which is split by token;
 * - the page of namespaces, which reads all shards of a list by one request, as every listing needs it;
 * - the first items of several namespaces, the batches of the registry, and the audit trail.
 */

/** The statements for one keyspace. */
export type Statements = ReturnType<typeof statementsFor>;

/** Returns a text as a CQL literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Quotes a name for CQL, preserving its case. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * @param keyspaceName - checked by `checkOptions`
 * @param checksVersions - whether to read records with the timestamp of their cell, see `toRecord`
 */
export function statementsFor(keyspaceName: string, checksVersions = false) {
  const keyspace = quoteIdentifier(keyspaceName);
  const record = checksVersions ? "record, writetime(record) AS written" : "record";
  const entries = `SELECT created, key, expires_at FROM ${keyspace}.items_by_creation WHERE namespace = ? AND bucket = ?`;
  const itemsOf = `SELECT namespace, bucket, key, ${record} FROM ${keyspace}.items WHERE namespace = ? AND bucket = ?`;
  const writeItem =
    `INSERT INTO ${keyspace}.items (namespace, bucket, key, record, head) VALUES (?, ?, ?, ?, ?) ` + "USING TIMESTAMP ? AND TTL ?";
  const writeEntry =
    `INSERT INTO ${keyspace}.items_by_creation (namespace, bucket, created, key, expires_at) ` +
    "VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ? AND TTL ?";
  const partition = "root = ? AND unscored = ? AND shard = ?";
  const register = (unscored: boolean): string =>
    `INSERT INTO ${keyspace}.namespaces (root, unscored, shard, place) VALUES (?, ${unscored}, ?, ?) USING TIMESTAMP ?`;
  const remove = (unscored: boolean): string =>
    `DELETE FROM ${keyspace}.namespaces USING TIMESTAMP ? WHERE root = ? AND unscored = ${unscored} AND shard = ? AND place = ?`;
  return {
    readItem: `SELECT key, ${record} FROM ${keyspace}.items WHERE namespace = ? AND bucket = ? AND key = ?`,
    readItems: `SELECT key, ${record} FROM ${keyspace}.items WHERE namespace = ? AND bucket = ? AND key IN ?`,
    // Reads several partitions: the replica of one of them coordinates the others.
    firstHeads:
      `SELECT namespace, key, head FROM ${keyspace}.items WHERE namespace IN ? AND bucket = ? PER PARTITION LIMIT 1`,
    firstOfNamespace: `SELECT key, ${record} FROM ${keyspace}.items WHERE namespace = ? AND bucket = ? LIMIT ?`,
    writeItem,
    writeEntry,
    // Unlogged: both tables have the same partition key, so all writes go to the same replicas.
    writeItemWithEntry: batch(writeEntry, writeItem),
    scanItems:
      `SELECT namespace, bucket, key, ${record} FROM ${keyspace}.items ` +
      "WHERE token(namespace, bucket) > ? AND token(namespace, bucket) <= ?",
    itemsFrom: `${itemsOf} AND key >= ? LIMIT ?`,
    itemsBetween: `${itemsOf} AND key >= ? AND key <= ? LIMIT ?`,

    // What a copy of a partition needs: keys alone, or the cells with their write time and remaining TTL.
    copied: {
      keys: copiedRows(`SELECT key FROM ${keyspace}.items`),
      cells: copiedRows(`SELECT key, record, head, writetime(record) AS written, ttl(record) AS ttl FROM ${keyspace}.items`),
    },
    copies: `SELECT key, writetime(record) AS written, ttl(record) AS ttl FROM ${keyspace}.items WHERE namespace = ? AND bucket = ? AND key IN ?`,
    deleteItems: `DELETE FROM ${keyspace}.items USING TIMESTAMP ? WHERE namespace = ? AND bucket = ?`,
    deleteEntries: `DELETE FROM ${keyspace}.items_by_creation USING TIMESTAMP ? WHERE namespace = ? AND bucket = ?`,

    // From a position (exclusive) to another (inclusive).
    entries: {
      oldest: `${entries} AND (created, key) > (?, ?) AND (created, key) <= (?, ?) ORDER BY created ASC, key ASC LIMIT ?`,
      newest: `${entries} AND (created, key) < (?, ?) AND (created, key) >= (?, ?) ORDER BY created DESC, key DESC LIMIT ?`,
    },
    readEntry: `${entries} AND created = ? AND key = ?`,

    // The lists of a root and of the store: a few small idempotent writes, so unlogged. Of long paths each entry alone.
    registryEntry: { register: register(false), flag: register(true), unregister: remove(false) },
    registerNamespace: batch(register(false), register(false)),
    registerUnscored: batch(register(false), register(false), register(true), register(true)),
    clearUnscored: remove(true),
    unregister: batch(remove(true), remove(false)),
    readNamespace: `SELECT place FROM ${keyspace}.namespaces WHERE ${partition} AND place = ?`,
    readNamespaces:
      `SELECT shard, place FROM ${keyspace}.namespaces ` +
      "WHERE root = ? AND unscored = ? AND shard IN ? AND place >= ? AND place < ? PER PARTITION LIMIT ?",

    readSetting: `SELECT value, writetime(value) AS timestamp FROM ${keyspace}.settings WHERE name = ?`,
    readSettings: `SELECT name, value, writetime(value) AS timestamp FROM ${keyspace}.settings`,
    writeSetting: `INSERT INTO ${keyspace}.settings (name, value) VALUES (?, ?) USING TIMESTAMP ?`,
    addSettingIfAbsent: `INSERT INTO ${keyspace}.settings (name, value) VALUES (?, ?) IF NOT EXISTS`,
    replaceSettingIf: `UPDATE ${keyspace}.settings SET value = ? WHERE name = ? IF value = ?`,
    removeSettingIf: `DELETE FROM ${keyspace}.settings WHERE name = ? IF value = ?`,

    addBatch:
      `INSERT INTO ${keyspace}.outbox (slot, shard, due_at, id, intents) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`,
    removeBatch:
      `DELETE FROM ${keyspace}.outbox USING TIMESTAMP ? WHERE slot = ? AND shard = ? AND due_at = ? AND id = ?`,
    readDue:
      `SELECT due_at, id, intents FROM ${keyspace}.outbox WHERE slot = ? AND shard = ? AND due_at <= ? LIMIT ?`,
    readDueTimes: `SELECT shard, due_at FROM ${keyspace}.outbox WHERE slot = ? AND shard = ? LIMIT ?`,
    readCells: `SELECT intents FROM ${keyspace}.outbox WHERE slot = ? AND shard = ? LIMIT ?`,
    writeSlotEntry:
      `INSERT INTO ${keyspace}.outbox_slots (list_id, entry, listed) VALUES (?, ?, true) USING TIMESTAMP ?`,
    removeSlotEntry: `DELETE FROM ${keyspace}.outbox_slots USING TIMESTAMP ? WHERE list_id = ? AND entry = ?`,
    readSlotEntry:
      `SELECT entry, writetime(listed) AS written FROM ${keyspace}.outbox_slots WHERE list_id = ? AND entry = ?`,
    readSlotEntries: `SELECT entry, writetime(listed) AS written FROM ${keyspace}.outbox_slots WHERE list_id = ?`,

    ...auditStatements(keyspace),

    readMigrations: `SELECT version, name, checksum FROM ${keyspace}.schema_migrations WHERE component = ?`,
    recordMigration:
      `INSERT INTO ${keyspace}.schema_migrations (component, version, name, checksum, applied_at) ` +
      "VALUES (?, ?, ?, ?, ?)",
    createMigrations:
      `CREATE TABLE IF NOT EXISTS ${keyspace}.schema_migrations (component text, version int, name text, ` +
      "checksum text, applied_at timestamp, PRIMARY KEY ((component), version))",
  } as const;
}

function copiedRows(select: string): { readonly from: string; readonly between: string } {
  const of = `${select} WHERE namespace = ? AND bucket = ? AND key >= ?`;
  return { from: `${of} LIMIT ?`, between: `${of} AND key <= ? LIMIT ?` };
}

function batch(...statements: readonly string[]): string {
  return `BEGIN UNLOGGED BATCH ${statements.join("; ")}; APPLY BATCH`;
}

function auditStatements(keyspace: string) {
  return {
    // As JSON, so that absent columns are not written. The only write that the driver cannot route to a replica.
    writeAudit: `INSERT INTO ${keyspace}.audit JSON ? DEFAULT UNSET USING TTL ?`,

    scanAudit:
      "SELECT day, shard, begun_at, id, actor, namespace, key, WRITETIME(actor) AS actor_written, WRITETIME(namespace) AS namespace_written, " +
      `WRITETIME(key) AS key_written FROM ${keyspace}.audit WHERE token(day, shard) > ? AND token(day, shard) <= ?`,
    eraseAuditItem: `DELETE namespace, key FROM ${keyspace}.audit USING TIMESTAMP ? WHERE day = ? AND shard = ? AND begun_at = ? AND id = ?`,
    eraseAuditActor: `DELETE actor FROM ${keyspace}.audit USING TIMESTAMP ? WHERE day = ? AND shard = ? AND begun_at = ? AND id = ?`,
  };
}
