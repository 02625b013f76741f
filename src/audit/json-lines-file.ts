/**
 * The audit trail as a file of JSON lines, which is put aside when it is big or old. Written here, as no line may be lost
 * when that happens: `rotating-file-stream` ends for good with its first error, and may put one file over another where
 * two processes write.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { messageOf } from "../model/errors.ts";
import type { AuditEntry, AuditSink } from "../ports/audit.ts";
import type { Logger } from "../ports/logger.ts";

/** Where the file is, and when it is put aside. */
export interface JsonLinesFileOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly maxAgeHours: number;
  /** Files that were put aside and are kept. */
  readonly maxFiles: number;
  /** Whether each group of lines is on the disk, and not only with the operating system, before its operations go on. */
  readonly fsync: boolean;
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly bornAt: number;
  size: number;
  /** Whether the last line has no end, as its writer crashed or the disk was full. */
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

  async write(entries: readonly AuditEntry[]): Promise<void> {
    const text = Buffer.from(entries.map((entry) => `${lineOf(entry)}\n`).join(""));
    const file = await this.#fileFor(text.byteLength);
    const bytes = file.isTorn ? Buffer.concat([Buffer.from("\n"), text]) : text;
    // Until all of it is written, the last line may be half of one.
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

  /** The file for so many more bytes: another one, where the present one is big or old. */
  async #fileFor(bytes: number): Promise<OpenFile> {
    const file = await this.#current();
    const { maxBytes, maxAgeHours } = this.#options;
    const isFull = file.size > 0 && file.size + bytes > maxBytes;
    const isOld = file.size > 0 && Date.now() - file.bornAt > maxAgeHours * MS_PER_HOUR;
    if (!isFull && !isOld) return file;
    try {
      await this.#putAside();
      this.#rotationFailed = false;
    } catch (error) {
      // A file that grows is better than a line that is lost.
      if (!this.#rotationFailed) this.#logger.warn({ cause: messageOf(error) }, "the audit file could not be put aside, and grows on");
      this.#rotationFailed = true;
    }
    return this.#current();
  }

  /** The file at the path: another process, or an operator, may have put the one that was open aside. */
  async #current(): Promise<OpenFile> {
    if (this.#file !== null && (await inodeAt(this.#path)) === this.#file.inode) return this.#file;
    await this.stop();
    // Nobody but the owner: it tells who did what. A folder that is there keeps its permissions.
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    const handle = await open(this.#path, "a+", 0o600);
    try {
      const { ino, size, birthtimeMs, mtimeMs } = await handle.stat();
      this.#file = { handle, inode: ino, size, bornAt: birthtimeMs || mtimeMs, isTorn: await isTorn(handle, size) };
      return this.#file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Under a name that no process uses twice, so that none goes over another. */
  async #putAside(): Promise<void> {
    const { stem, extension } = nameParts(this.#path);
    const time = new Date().toISOString().replaceAll(":", "-");
    await rename(this.#path, join(dirname(this.#path), `${stem}.${time}.${randomBytes(3).toString("hex")}${extension}`));
    await this.#removeOldest();
  }

  async #removeOldest(): Promise<void> {
    const { stem, extension } = nameParts(this.#path);
    const directory = dirname(this.#path);
    const aside = (await readdir(directory)).filter((name) => isAside(name, stem, extension)).sort();
    const old = aside.slice(0, Math.max(0, aside.length - this.#options.maxFiles));
    await Promise.all(old.map((name) => rm(join(directory, name), { force: true })));
  }
}

/** JSON on one line for all readers: some end a line at these characters too, which JSON leaves as they are. */
function lineOf(entry: AuditEntry): string {
  return JSON.stringify(entry).replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A file that was put aside: its time of day stands in its name, so that names sort by age. */
function isAside(name: string, stem: string, extension: string): boolean {
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
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

async function isTorn(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== LINE_FEED;
}
