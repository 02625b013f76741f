/** What remains of erased data in files, until when, and how to force its removal. */

/** Where a store keeps its data. */
export type StoreKind = "servers" | "file";

/** Something that remains for a while. */
export interface Remains {
  readonly where: string;
  readonly what: string;
  readonly until: string;
  /** What to do to remove it now. */
  readonly force: string;
}

const EVERYWHERE: readonly Remains[] = [
  {
    where: "embedding caches of running processes",
    what: "hashes of embedded texts, and their vectors",
    until: "they are evicted, or the process stops",
    force: "Restart the processes of the application.",
  },
  {
    where: "audit trail",
    what: "actors, namespaces and keys of audited operations; never values",
    until: "audit.table.retentionDays, or the rotation of audit.file",
    force: "Delete the rows of the table audit, or the lines of the file, that name the subject.",
  },
  {
    where: "backups, snapshots and exports",
    what: "everything that was stored when they were made",
    until: "they are deleted",
    force: "Delete them, or repeat this erasure after each restore.",
  },
];

const SERVERS: readonly Remains[] = [
  {
    where: "SSTables and commit log of ScyllaDB or Cassandra",
    what: "overwritten values, and markers with namespaces and keys",
    until: "compaction: values soon after, markers an hour plus gc_grace_seconds (10 days) later",
    force: "On each node: nodetool flush <keyspace>, then nodetool compact <keyspace>. See docs/disaster-recovery.md, Erasure.",
  },
  {
    where: "segments and write-ahead log of Qdrant",
    what: "vectors and filter terms of removed points",
    until: "the optimizer rewrites their segments",
    force: "Delete the collection, then run: scylladb-store migrate up, and: scylladb-store repair. See docs/disaster-recovery.md, Erasure.",
  },
];

const FILE: readonly Remains[] = [
  {
    where: "write-ahead log of the local file, beside it as -wal",
    what: "earlier states of pages; the file itself overwrites what is deleted with zeros, and keeps markers with namespaces and keys for an hour",
    until: "the last process closes the file",
    force: "Stop all processes that use the file.",
  },
];

/** What remains after an erasure, by where the store keeps its data. */
export function remainsOf(kind: StoreKind): readonly Remains[] {
  return [...(kind === "file" ? FILE : SERVERS), ...EVERYWHERE];
}
