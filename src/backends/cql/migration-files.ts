/**
 * The migrations by name of file: numbered, applied in order, and never changed after a release. In code, because a bundler
 * leaves out files that are read at run time. A statement must be idempotent; "--" begins a comment.
 */
export const MIGRATION_FILES: Readonly<Record<string, string>> = {
  "V001__records.cql": `-- The records. One data cell, because CQL merges cell by cell: with several cells, two writes with equal timestamps could
-- merge into a mixed record. gc_grace_seconds stays at its default, ten days, so that a replica that was down does not
-- resurrect a replaced record.
--
-- head repeats the start of the record, without its value, so that listings of namespaces need not read values. Both
-- cells begin with the same bytes up to the id of the write: of two writes with equal timestamps CQL keeps both cells of one.
CREATE TABLE IF NOT EXISTS {keyspace}.items (
  namespace text,
  bucket int,
  key text,
  record blob,
  head blob,
  PRIMARY KEY ((namespace, bucket), key)
);

-- The order of creation. expires_at is the expiry of the item in milliseconds, a large number without expiry and 0 for the
-- marker of a delete, so that a listing skips expired items without reading their records; the record always decides.
-- Entries are never deleted, they only expire, on every replica by itself, so their tombstones are kept for only an hour.
CREATE TABLE IF NOT EXISTS {keyspace}.items_by_creation (
  namespace text,
  bucket int,
  created bigint,
  key text,
  expires_at bigint,
  PRIMARY KEY ((namespace, bucket), created, key)
) WITH gc_grace_seconds = 3600;

-- The namespaces that hold items. Each has a row in the list of the store (root is the empty text) and one in the list of its
-- first label (root is that label). If it may hold an item without a vector, it has the same rows again with unscored. place is the path in a form whose order by
-- bytes is the order of listings, with U+0000 as separator, so that what lies at or below a prefix is one range. shard, a
-- hash of the path, keeps a list of a million namespaces from being one partition: 16 shards for the store, 8 for a root.
--
-- gc_grace_seconds of an hour: what a replica that was away brings back is the name of a namespace that holds nothing, or
-- a flag that is no longer needed, and either is removed again. Kept for ten days, the tombstones of namespaces that come
-- and go, one a conversation, would be a tombstone-heavy partition that every listing reads past.
CREATE TABLE IF NOT EXISTS {keyspace}.namespaces (
  root text,
  unscored boolean,
  shard int,
  place text,
  PRIMARY KEY ((root, unscored, shard), place)
) WITH gc_grace_seconds = 3600;

-- Facts that every process must agree on.
CREATE TABLE IF NOT EXISTS {keyspace}.settings (
  name text PRIMARY KEY,
  value text
);
`,
  "V002__outbox.cql": `-- Batches of intents. A partition is a minute of due times and a hash of the id; within it rows lie in the order in
-- which they fall due, so that the first of a minute with thousands are read without the others. One data cell, as in
-- items. Rows are removed one by one and never a partition at once: a batch that comes late would go with it.
--
-- gc_grace_seconds of an hour, here and below: a replica that was down can resurrect a batch, which is processed and removed
-- again, or a minute, which is found empty again. A table of writes and removals would otherwise consist of ten days of
-- tombstones.
CREATE TABLE IF NOT EXISTS {keyspace}.outbox (
  slot bigint,
  shard int,
  due_at bigint,
  id text,
  intents blob,
  PRIMARY KEY ((slot, shard), due_at, id)
) WITH gc_grace_seconds = 3600;

-- The minutes (slots) of which the outbox may hold anything, so that a new process finds work of any age. Minutes leave
-- their list, and reads pass the tombstones of removed rows: a single list would have half a million of them a
-- year. So each list covers eight hours, 480 minutes, and the list number -1 is the list of lists:
-- about a thousand a year, and no read meets more removed rows than that even where no tombstone is ever collected.
-- "listed" is always true: it is there for its write time.
CREATE TABLE IF NOT EXISTS {keyspace}.outbox_slots (
  list_id bigint,
  entry bigint,
  listed boolean,
  PRIMARY KEY ((list_id), entry)
) WITH gc_grace_seconds = 3600;
`,
  "V003__audit.cql": `-- The audit trail, one row an operation: the intent writes it, the outcome completes it, and it ends by its time to live.
-- A partition holds a tenth of the operations of one day (UTC), newest first; shard is a hash of the id. Only people read
-- it, and only by the day. What is absent is not written, so that no row holds tombstones.
CREATE TABLE IF NOT EXISTS {keyspace}.audit (
  day date,
  shard int,
  begun_at timestamp,
  id uuid,
  actor text,
  operation text,
  namespace text,
  key text,
  version bigint,
  outcome text,
  duration_ms int,
  changed list<text>,
  PRIMARY KEY ((day, shard), begun_at, id)
) WITH CLUSTERING ORDER BY (begun_at DESC, id ASC)
  AND compaction = {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': 7};
`,
};
