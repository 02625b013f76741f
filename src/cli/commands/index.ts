/** All commands, in the order of the help. */
import type { CliCommand } from "../command.ts";
import { backup } from "./backup.ts";
import { completion } from "./completion.ts";
import { count } from "./count.ts";
import { doctor } from "./doctor.ts";
import { eraseCommand } from "./erase.ts";
import { exportCommand } from "./export.ts";
import { get } from "./get.ts";
import { health } from "./health.ts";
import { importCommand } from "./import.ts";
import { init } from "./init.ts";
import { ls } from "./ls.ts";
import { mcp } from "./mcp.ts";
import { migratePrint } from "./migrate-print.ts";
import { migrateStatus } from "./migrate-status.ts";
import { migrateUp } from "./migrate-up.ts";
import { put } from "./put.ts";
import { rebucketAbort } from "./rebucket-abort.ts";
import { rebucketStart } from "./rebucket-start.ts";
import { rebucketStatus } from "./rebucket-status.ts";
import { reconcile } from "./reconcile.ts";
import { reindexAbort, reindexCleanup, reindexStart, reindexStatus, reindexSwitch } from "./reindex.ts";
import { repair } from "./repair.ts";
import { restore } from "./restore.ts";
import { rm } from "./rm.ts";
import { search } from "./search.ts";
import { stats } from "./stats.ts";
import { sweep } from "./sweep.ts";

export const COMMANDS: readonly CliCommand[] = [
  init,
  doctor,
  migrateStatus,
  migrateUp,
  migratePrint,
  ls,
  get,
  put,
  rm,
  search,
  count,
  health,
  stats,
  repair,
  reconcile,
  sweep,
  reindexStart,
  reindexStatus,
  reindexSwitch,
  reindexAbort,
  reindexCleanup,
  exportCommand,
  importCommand,
  backup,
  restore,
  eraseCommand,
  rebucketStart,
  rebucketStatus,
  rebucketAbort,
  mcp,
  completion,
];

/** Groups of commands and what they are for. */
export const GROUPS: Readonly<Record<string, string>> = {
  migrate: "Shows and applies the schema of the keyspace or file.",
  rebucket: "Changes the number of partitions of namespaces on servers.",
  reindex: "Changes the model, metric, fields, rules or keyword settings of the index without downtime.",
};
