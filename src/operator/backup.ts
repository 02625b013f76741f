/** Logical backups: an export, and a manifest by which a restore recognizes a damaged file. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ConfigurationError, messageOf, SchemaError, ValidationError } from "../model/errors.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import { exportToFile, type ExportOptions } from "./export.ts";
import { importLines } from "./import.ts";
import type { ImportOptions, ImportReport } from "./import-report.ts";

/** Options of a backup. */
export type BackupOptions = Omit<ExportOptions, "compression">;

/** Options of a restore. */
export type RestoreOptions = Omit<ImportOptions, "prefix" | "verify">;

/** Describes a backup. */
export interface BackupManifest {
  readonly "langgraph-store-backup": 1;
  /** Name of the file with the items, beside the manifest. */
  readonly file: string;
  readonly prefix: readonly string[];
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly items: number;
  /** Items that are not in the backup, as their values cannot be decoded. */
  readonly unreadable: number;
  readonly bytes: number;
  readonly sha256: string;
}

const MANIFEST = "manifest.json";
const FILE = "items.jsonl.gz";

/** Writes a backup into a folder, which is created. The manifest comes last: a folder without it holds no complete backup. */
export async function backUp(dependencies: OperatorDependencies, folder: string, options: BackupOptions): Promise<BackupManifest> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new ConfigurationError(`The folder ${JSON.stringify(folder)} cannot be created: ${messageOf(cause)}.`, { cause });
  }
  const startedAt = new Date().toISOString();
  const report = await exportToFile(dependencies, join(folder, FILE), options);
  const manifest: BackupManifest = {
    "langgraph-store-backup": 1,
    file: FILE,
    prefix: options.prefix ?? [],
    startedAt,
    finishedAt: new Date().toISOString(),
    ...report,
    sha256: await digestOf(join(folder, FILE)),
  };
  const path = join(folder, MANIFEST);
  await writeFile(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  await rename(`${path}.new`, path);
  return manifest;
}

/**
 * Restores a backup. Items that were updated later than in the backup stay, unless `onConflict` says otherwise.
 *
 * @throws {ValidationError} when the file is not the one that was backed up; nothing is restored then.
 */
export async function restoreFrom(dependencies: OperatorDependencies, folder: string, options: RestoreOptions): Promise<ImportReport> {
  const manifest = await readManifest(folder);
  const file = join(folder, manifest.file);
  const sha256 = await digestOf(file);
  if (sha256 !== manifest.sha256) {
    throw new ValidationError(`${file} is not the file that was backed up (SHA-256 ${sha256}, the manifest says ${manifest.sha256}). Nothing was restored. Use another backup.`);
  }
  return importLines(dependencies, file, options);
}

/** The manifest of a backup. */
async function readManifest(folder: string): Promise<BackupManifest> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new ConfigurationError(`${folder} holds no complete backup: ${MANIFEST} cannot be read.`, { cause });
  }
  let manifest: Partial<BackupManifest>;
  try {
    manifest = JSON.parse(text) as Partial<BackupManifest>;
  } catch (cause) {
    throw new ValidationError(`${path} is not valid JSON.`, { cause });
  }
  const { "langgraph-store-backup": format, file, sha256 } = manifest;
  if (format === 1 && typeof file === "string" && /^[\w.-]+$/.test(file) && typeof sha256 === "string") return manifest as BackupManifest;
  throw new SchemaError(`${path} has backup format ${JSON.stringify(format)}, but this version of the package reads 1: upgrade langgraph-store-scylladb.`);
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
