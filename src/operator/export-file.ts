/** The file of an export that is not complete, and its journal, by which the export continues. */
import { open, readFile, rename, rm, stat, truncate, type FileHandle } from "node:fs/promises";
import { ConfigurationError, isStoreError, StoreError, ValidationError } from "../model/errors.ts";
import type { Compression } from "./compression.ts";
import { sentenceOf } from "./interruption.ts";

/** Position of an unfinished export, stored beside its file. */
export interface Place {
  readonly prefix: string;
  readonly compression: Compression;
  /** Where the next page starts. */
  readonly after: string | null;
  readonly bytes: number;
  readonly items: number;
  readonly unreadable: number;
  /** Null without vectors. */
  readonly withVectors: number | null;
}

/**
 * Opens the file that is written until the export is complete. A new export begins with a file of its own, so that two processes never
 * write the same one.
 *
 * @throws {ConfigurationError} when it cannot be written.
 */
export async function openPartial(path: string, partial: string, place: Place | null): Promise<FileHandle> {
  try {
    if (path === "") throw new Error("its name is empty");
    if ((await stat(path).catch(ifMissing))?.isDirectory() === true) throw new Error("it is a folder");
    if (place === null) await rm(partial, { force: true });
    else await truncate(partial, place.bytes);
    return await open(partial, place === null ? "wx" : "a");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") throw inUse(partial);
    throw new ConfigurationError(`The file ${JSON.stringify(path)} cannot be written: ${sentenceOf(cause)}`, { cause });
  }
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

/** Checks that no other process writes the file, or began it again. */
export async function checkOwn(file: FileHandle, partial: string, bytes: number): Promise<void> {
  const [own, named] = await Promise.all([file.stat(), stat(partial).catch(ifMissing)]);
  if (named === null || named.ino !== own.ino || own.size !== bytes) throw inUse(partial);
}

function inUse(partial: string): StoreError {
  return new StoreError("QUERY", false, `Another process exports to ${partial}, or removed it. This export was stopped: wait for the other one, or export to another file.`);
}

export async function append(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written)).bytesWritten;
}

export async function writeText(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, "w");
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

export async function readPlace(
  partial: string,
  journal: string,
  { prefix, compression, vectors }: { readonly prefix: string; readonly compression: Compression; readonly vectors: boolean },
): Promise<Place | null> {
  let text: string;
  try {
    text = await readFile(journal, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const place = parsePlace(text, journal);
  if (place.prefix !== prefix || place.compression !== compression || (place.withVectors !== null) !== vectors) {
    const own = `prefix ${JSON.stringify(place.prefix)}, ${place.compression}, ${place.withVectors === null ? "without" : "with"} vectors`;
    throw new ValidationError(`${partial} is the beginning of another export (${own}): continue that one, or leave out resume.`);
  }
  const size = (await stat(partial).catch(ifMissing))?.size ?? 0;
  if (size >= place.bytes) return place;
  throw new ValidationError(`${partial} is shorter than its journal says (${size} of ${place.bytes} bytes): leave out resume to start again.`);
}

function parsePlace(text: string, journal: string): Place {
  try {
    return JSON.parse(text) as Place;
  } catch (cause) {
    throw new ValidationError(`${journal} is not valid JSON: leave out resume to start again.`, { cause });
  }
}

/** Returns an error of the file system with what to do; other errors unchanged. */
export function stoppedAt(error: unknown, partial: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (isStoreError(error) || typeof code !== "string" || !code.startsWith("E")) return error;
  const reason = code === "ENOSPC" ? "the disk is full." : sentenceOf(error);
  return new StoreError("QUERY", false, `The export stopped: ${reason} What was written is in ${partial}. Fix the cause, then continue with resume (--resume).`, {
    cause: error,
  });
}
