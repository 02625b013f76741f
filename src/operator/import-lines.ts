/** Reads the lines of an export in bounded memory, each with its number. */
import { isUtf8 } from "node:buffer";
import { createReadStream, ReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { addAbortSignal, type Readable } from "node:stream";
import { ConfigurationError, StoreError } from "../model/errors.ts";
import { decompressed } from "./compression.ts";
import { sentenceOf } from "./interruption.ts";

/** Called with the share of a file that was read, from 0 to 1. */
type OnRead = (done: number) => void;

/** A line. */
export interface SourceLine {
  readonly number: number;
  /** Null where it is no text: see `fault`. */
  readonly text: string | null;
  /** `too-long` to be an item, or bytes that are `not-utf8`; null for a text. */
  readonly fault: "too-long" | "not-utf8" | null;
}

const LINE_FEED = 0x0a;

/** How lines are read. */
export interface LineOptions {
  /** Returns the longest line, which may depend on the lines before. */
  readonly maxBytes: () => number;
  readonly onRead?: OnRead;
  /** Ends the reading, also while a stream has nothing to read. */
  readonly signal?: AbortSignal | undefined;
}

/** Lines of a file or stream, decompressed. Empty lines are skipped. */
export async function* linesOf(source: string | Readable, { maxBytes, onRead, signal }: LineOptions): AsyncGenerator<SourceLine, void, undefined> {
  const size = typeof source === "string" ? await sizeOf(source) : null;
  const file = typeof source === "string" ? createReadStream(source) : source;
  // The read follows in the same tick: a stream that is destroyed before it is read throws outside of it.
  if (signal !== undefined) addAbortSignal(signal, file);
  let number = 0;
  let held: Buffer[] = [];
  let bytes = 0;
  const take = (): SourceLine | null => {
    number += 1;
    const isTooLong = bytes > maxBytes();
    const line = isTooLong ? null : Buffer.concat(held);
    [held, bytes] = [[], 0];
    if (line === null) return { number, text: null, fault: "too-long" };
    if (!isUtf8(line)) return { number, text: null, fault: "not-utf8" };
    const text = line.toString("utf8").trim();
    return text === "" ? null : { number, text, fault: null };
  };
  const hold = (part: Buffer): void => {
    bytes += part.length;
    if (bytes <= maxBytes()) held.push(part);
    else held = [];
  };
  try {
    for await (const chunk of decompressed(file)) {
      if (size !== null && file instanceof ReadStream) onRead?.(Math.min(1, file.bytesRead / size));
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        hold(chunk.subarray(start, end));
        start = end + 1;
        const line = take();
        if (line !== null) yield line;
      }
      hold(chunk.subarray(start));
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(error, source, number);
  } finally {
    file.destroy();
  }
  const last = bytes > 0 ? take() : null;
  if (last !== null) yield last;
}

/** Returns the size; null without a file, which the read reports, or without a size, as of a pipe. */
async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size || null;
  } catch {
    return null;
  }
}

function unreadable(cause: unknown, source: string | Readable, lines: number): unknown {
  const name = typeof source === "string" ? source : "the stream";
  const code = (cause as NodeJS.ErrnoException | null)?.code;
  if (code === "ENOENT") return new ConfigurationError(`The file ${name} does not exist.`, { cause });
  if (code === "EISDIR") return new ConfigurationError(`${name} is a folder: give the path of a file.`, { cause });
  if (code === "EACCES" || code === "EPERM") return new ConfigurationError(`The file ${name} cannot be read: ${sentenceOf(cause)}`, { cause });
  return new StoreError("QUERY", false, `${name} cannot be read after line ${lines}: ${sentenceOf(cause)}`, { cause });
}
