/**
 * Deletes what identifies a subject from an audit file and its rotated files. Lines are overwritten in place and keep their length,
 * so other processes append meanwhile, and the former bytes are gone from the disk. Files that another tool moved or compressed are
 * not found.
 */
import { open, type FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { AuditArchive, AuditEntry, AuditErasure, AuditSubject } from "../ports/audit.ts";
import { lineOf, rotatedFilesOf } from "./json-lines-file.ts";

const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const SPACE = 0x20;

/** How long a process may take to complete the last line, milliseconds. */
const WRITING_MS = 2_000;
const POLL_MS = 50;

interface Options {
  readonly dryRun: boolean;
  readonly signal?: AbortSignal | undefined;
}

type Counts = { -readonly [Name in keyof AuditErasure]: number };

/** The lines of an audit file, of all processes that write it. */
export class JsonLinesArchive implements AuditArchive {
  readonly name = "the audit file";
  readonly #path: string;

  constructor(path: string) {
    this.#path = resolve(path);
  }

  async erase(subject: AuditSubject, options: Options): Promise<AuditErasure> {
    const counts = { entries: 0, incomplete: 0 };
    // The current file is opened first: if it is rotated now, it is among the others, too, and read twice.
    const current = await openIfExists(this.#path, options);
    try {
      for (const path of await rotatedFilesOf(this.#path)) {
        const rotated = await openIfExists(path, options);
        if (rotated === null) continue;
        try {
          if ((await inodeOf(rotated)) !== (await inodeOf(current))) await eraseIn(rotated, subject, options, counts);
        } finally {
          await rotated.close();
        }
      }
      if (current !== null) await eraseIn(current, subject, options, counts);
    } finally {
      await current?.close();
    }
    return counts;
  }
}

/** Null where there is no such file: the oldest rotated files are deleted. */
async function openIfExists(path: string, { dryRun }: Options): Promise<FileHandle | null> {
  try {
    return await open(path, dryRun ? "r" : "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function inodeOf(handle: FileHandle | null): Promise<number | null> {
  return handle === null ? null : (await handle.stat()).ino;
}

async function eraseIn(handle: FileHandle, subject: AuditSubject, options: Options, counts: Counts): Promise<void> {
  let changed = false;
  for await (const { offset, line, isComplete } of linesOf(handle, options.signal)) {
    const replacement = replacementOf(line.toString("utf8"), isComplete, subject, counts);
    if (replacement === null || options.dryRun) continue;
    await overwrite(handle, padded(replacement, line.length), offset);
    changed = true;
  }
  if (changed) await handle.datasync();
}

/** Returns the line without the fields of the subject; null for a line that stays as it is. */
function replacementOf(text: string, isComplete: boolean, subject: AuditSubject, counts: Counts): string | null {
  const entry = isComplete ? parsed(text) : null;
  if (entry === null) {
    if (!subject.mayConcern(text)) return null;
    counts.incomplete += 1;
    return "{}";
  }
  // Entries of which fields are deleted already lack them.
  const { namespace = null, key = null, actor = null } = entry;
  const erased = subject.of({ namespace, key, actor });
  if (!erased.item && !erased.actor) return null;
  counts.entries += 1;
  const names = [...(erased.item ? ["namespace", "key"] : []), ...(erased.actor ? ["actor"] : [])];
  return lineOf(Object.fromEntries(Object.entries(entry).filter(([name]) => !names.includes(name))));
}

function parsed(text: string): Partial<AuditEntry> | null {
  try {
    const entry = JSON.parse(text) as unknown;
    return typeof entry === "object" && entry !== null ? entry : null;
  } catch {
    return null;
  }
}

/** The text with spaces up to a length, which JSON allows. A longer text, of a line that was edited by hand, is replaced by an empty object. */
function padded(text: string, length: number): Buffer {
  const bytes = Buffer.from(text);
  const kept = bytes.length <= length ? bytes : Buffer.from("{}").subarray(0, length);
  return Buffer.concat([kept, Buffer.alloc(length - kept.length, SPACE)]);
}

async function overwrite(handle: FileHandle, bytes: Buffer, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await handle.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
}

interface FileLine {
  readonly offset: number;
  readonly line: Buffer;
  /** False for the last line of the file without its end. */
  readonly isComplete: boolean;
}

/** The lines of a file up to its end, without line feeds; empty lines are skipped. */
async function* linesOf(handle: FileHandle, signal: AbortSignal | undefined): AsyncGenerator<FileLine, void, undefined> {
  let held: Buffer = Buffer.alloc(0);
  // Of the first held byte.
  let offset = 0;
  let idleUntil = 0;
  for (;;) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, offset + held.length);
    if (bytesRead === 0) {
      if (held.length === 0 || (idleUntil !== 0 && Date.now() > idleUntil)) break;
      // Another process may be writing the rest of the line.
      idleUntil ||= Date.now() + WRITING_MS;
      await pause(POLL_MS, undefined, signal === undefined ? {} : { signal });
      continue;
    }
    idleUntil = 0;
    held = held.length === 0 ? buffer.subarray(0, bytesRead) : Buffer.concat([held, buffer.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = held.indexOf(LINE_FEED); end !== -1; end = held.indexOf(LINE_FEED, start)) {
      if (end > start) yield { offset: offset + start, line: held.subarray(start, end), isComplete: true };
      start = end + 1;
    }
    held = held.subarray(start);
    offset += start;
  }
  if (held.length > 0) yield { offset, line: held, isComplete: false };
}
