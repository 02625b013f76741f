/** What remains of erased data in files and in the memory of processes, until when, and how to force its removal. */
import { FILE_VALUES_MS, FILE_VECTORS_MS, PURGE_INTERVAL_MS } from "../concurrency/cache-expiry.ts";
import { HINT_TTL_MS } from "../concurrency/hints.ts";
import type { OperatorDependencies, StoreKind } from "./dependencies.ts";

/** Something that remains for a while. */
export interface Remains {
  readonly where: string;
  readonly what: string;
  readonly until: string;
  /** What to do to remove it now. */
  readonly force: string;
}

const BACKUPS: Remains = {
  where: "backups, snapshots and exports",
  what: "everything that was stored when they were made",
  until: "they are deleted",
  force: "Delete them, or repeat this erasure after each restore.",
};

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

/** What remains after an erasure. @param isAuditErased - whether the audit trail was erased, too */
export function remainsOf({ kind, audit, vectorCacheMs }: OperatorDependencies, isAuditErased: boolean): readonly Remains[] {
  return [...(kind === "file" ? FILE : SERVERS), cachesFor(kind, vectorCacheMs), ...auditFor(audit, isAuditErased), BACKUPS];
}

/** Longest time that anything computed from a text of the subject stays in the caches of a process, minutes. */
export function cacheMinutes(kind: StoreKind, vectorCacheMs: number | null): number {
  const vectors = Math.max(vectorCacheMs ?? 0, kind === "file" && vectorCacheMs !== null ? FILE_VECTORS_MS : 0);
  return minutesOf(Math.max(HINT_TTL_MS, vectors));
}

/** Minutes after which an entry of a cache is deleted, by the time for which it is valid. */
function minutesOf(validMs: number): number {
  return Math.ceil((validMs + PURGE_INTERVAL_MS) / 60_000);
}

function cachesFor(kind: StoreKind, vectorCacheMs: number | null): Remains {
  return {
    where: "caches of running processes",
    what:
      "vectors by hashes of their texts; prefixes and filters of recent searches, and names of namespaces. " +
      `${kind === "file" ? `Values that searches by filters have read, for ${minutesOf(FILE_VALUES_MS)} minutes` : "Never values"}. ` +
      "Processes that have another configuration may have another embedding.cacheMinutes",
    until: `${cacheMinutes(kind, vectorCacheMs)} minutes from now`,
    force: "Restart the processes of the application.",
  };
}

function auditFor({ archives, hasCallback }: OperatorDependencies["audit"], isErased: boolean): Remains[] {
  const trail: Remains = {
    where: "audit trail",
    what: "actors, namespaces and keys of audited operations; never values",
    until: "audit.table.retentionDays, or the rotation of audit.file",
    force: "Erase again with audit: true (--audit).",
  };
  const callback: Remains = {
    where: "destination of audit.callback",
    what: "actors, namespaces and keys of audited operations; never values",
    until: "its own retention ends",
    force: "Erase the subject there.",
  };
  return [...(isErased || archives.length === 0 ? [] : [trail]), ...(hasCallback ? [callback] : [])];
}
