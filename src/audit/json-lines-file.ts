/**
 * The audit trail as a file of JSON lines, rotated by size and age. Implemented here because a rotation must not lose lines:
 * `rotating-file-stream` stops at its first error, and may overwrite a rotated file when two processes write.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fulfilled, rejected } from "../concurrency/outcomes.ts";
import { messageOf } from "../model/errors.ts";
import type { AuditEntry, AuditSink } from "../ports/audit.ts";
import type { Logger } from "../ports/logger.ts";
import { isError } from "../model/realms.ts";

/** Path and rotation of the file. */
export interface JsonLinesFileOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxAgeHours: number;
  /** Number of rotated files to keep. */
  readonly maxFiles: number;
  /** Whether each group of lines is flushed to disk before its operations continue. */
  readonly fsync: boolean;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly createdAt: number;
  size: number;
  /** Whether the last line is incomplete because its writer crashed or the disk was full. */
  isTorn: boolean;
}

const MS_PER_HOUR = 3_600_000;
const LINE_FEED = 0x0a;

/** Appends entries to a file; several processes may share it. */
export class JsonLinesFile implements AuditSink {
  readonly name = "the audit file";
  readonly #options: JsonLinesFileOptions;
  readonly #logger: Logger;
  readonly #path: string;
  #file: OpenFile | null = null;
  #rotationFailed = false;

  constructor(options: JsonLinesFileOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#path = resolve(options.path);
  }

  async start(): Promise<void> {
    await this.#current();
  }

  /** An entry that cannot be encoded fails alone. */
  async write(entries: readonly AuditEntry[]): Promise<PromiseSettledResult<void>[]> {
    const lines = entries.map(encoded);
    await this.#append(Buffer.from(lines.flatMap((line) => (line.status === "fulfilled" ? [line.value] : [])).join("")));
    return lines.map((line) => (line.status === "fulfilled" ? fulfilled(undefined) : line));
  }

  async #append(text: Buffer): Promise<void> {
    if (text.byteLength === 0) return;
    const file = await this.#fileFor(text.byteLength);
    const bytes = file.isTorn ? Buffer.concat([Buffer.from("\n"), text]) : text;
    // The last line may be incomplete until the write succeeds.
    file.isTorn = true;
    await file.handle.appendFile(bytes);
    file.isTorn = false;
    file.size += bytes.byteLength;
    if (this.#options.fsync) await file.handle.datasync();
  }

  async stop(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.handle.close();
  }

  /** Returns the file for a write of `bytes`; rotates a file that is too large or too old. */
  async #fileFor(bytes: number): Promise<OpenFile> {
    const file = await this.#current();
    const { maxBytes, maxAgeHours } = this.#options;
    const isFull = file.size > 0 && file.size + bytes > maxBytes;
    const isOld = file.size > 0 && Date.now() - file.createdAt > maxAgeHours * MS_PER_HOUR;
    if (!isFull && !isOld) return file;
    try {
      await this.#rotate();
      this.#rotationFailed = false;
    } catch (error) {
      // A growing file is better than a lost line.
      if (!this.#rotationFailed) this.#logger.warn({ cause: messageOf(error) }, "the audit file could not be rotated and keeps growing");
      this.#rotationFailed = true;
    }
    return this.#current();
  }

  /** Opens the file at the path again if another process or an operator rotated the open one. */
  async #current(): Promise<OpenFile> {
    if (this.#file !== null && (await inodeAt(this.#path)) === this.#file.inode) return this.#file;
    await this.stop();
    // Accessible to the owner only, because it contains actions of users. An existing directory keeps its permissions.
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const handle = await open(this.#path, "a+", 0o600);
    try {
      const { ino, size, birthtimeMs, mtimeMs } = await handle.stat();
      this.#file = { handle, inode: ino, size, createdAt: birthtimeMs || mtimeMs, isTorn: await isTorn(handle, size) };
      return this.#file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Renames the file to a unique name, so that no rotated file is overwritten. */
  async #rotate(): Promise<void> {
    const { stem, extension } = nameParts(this.#path);
    const time = new Date().toISOString().replaceAll(":", "-");
    await rename(this.#path, join(dirname(this.#path), `${stem}.${time}.${randomBytes(3).toString("hex")}${extension}`));
    await this.#removeOldest();
  }

  async #removeOldest(): Promise<void> {
    const rotated = await rotatedFilesOf(this.#path);
    const old = rotated.slice(0, Math.max(0, rotated.length - this.#options.maxFiles));
    await Promise.all(old.map((path) => rm(path, { force: true })));
  }
}

function encoded(entry: AuditEntry): PromiseSettledResult<string> {
  try {
    return fulfilled(`${lineOf(entry)}\n`);
  } catch (reason) {
    return rejected(reason);
  }
}

/** Returns the paths of the rotated files of an audit file, oldest first. */
export async function rotatedFilesOf(path: string): Promise<string[]> {
  const { stem, extension } = nameParts(path);
  const directory = dirname(path);
  const names = (await readdir(directory)).filter((name) => isRotated(name, stem, extension));
  return names.sort().map((name) => join(directory, name));
}

/** JSON on one line. Escapes characters that some readers treat as line breaks. */
export function lineOf(entry: Partial<AuditEntry>): string {
  return JSON.stringify(entry).replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Whether a file is a rotated one; its name contains the time, so that names sort by age. */
function isRotated(name: string, stem: string, extension: string): boolean {
  if (!name.startsWith(`${stem}.`) || !name.endsWith(extension)) return false;
  const middle = name.slice(stem.length + 1, name.length - extension.length);
  return /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.[0-9a-f]{6}$/.test(middle);
}

function nameParts(path: string): { readonly stem: string; readonly extension: string } {
  const extension = extname(path);
  return { stem: basename(path, extension), extension };
}

async function inodeAt(path: string): Promise<number | null> {
  try {
    return (await stat(path)).ino;
  } catch (error) {
    if (isError(error) && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function isTorn(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_FEED;
}
