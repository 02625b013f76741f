/** All commands, in the order of the help. */
import type { CliCommand } from "../command.ts";
import { completion } from "./completion.ts";
import { count } from "./count.ts";
import { exportCommand } from "./export.ts";
import { get } from "./get.ts";
import { health } from "./health.ts";
import { importCommand } from "./import.ts";
import { ls } from "./ls.ts";
import { put } from "./put.ts";
import { reconcile } from "./reconcile.ts";
import { repair } from "./repair.ts";
import { rm } from "./rm.ts";
import { search } from "./search.ts";
import { stats } from "./stats.ts";

export const COMMANDS: readonly CliCommand[] = [ls, get, put, rm, search, count, health, stats, repair, reconcile, exportCommand, importCommand, completion];

/** Groups of commands and what they are for. */
export const GROUPS: Readonly<Record<string, string>> = {};
