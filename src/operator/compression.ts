/**
 * Compression of exports. Each part is a gzip member or a zstd frame of its own, so that a file can be continued. Before each
 * zstd frame is a skippable frame with its length, as Node.js decompresses one frame and ignores what follows.
 */
import { Readable, type Transform } from "node:stream";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { ConfigurationError, kindOf, ValidationError } from "../model/errors.ts";
import { isError } from "../model/realms.ts";

const COMPRESSIONS = ["none", "gzip", "zstd"] as const;

/** How a file is compressed. */
export type Compression = (typeof COMPRESSIONS)[number];

const GZIP_MAGIC = 0x1f8b;
const ZSTD_MAGIC = 0xfd2fb528;
/** Any number from this to this + 15 begins a skippable frame. */
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Magic, size of the content, and the content: the length of the frame that follows. */
const SKIPPABLE_BYTES = 12;

/** Largest part; a greater length shows that the file is damaged. */
const MAX_PART_BYTES = 256 * 1024 * 1024;

/** Returns the requested compression, else the one of the file's name (`.gz`, `.zst`). */
export function compressionOf(path: string | null, given: Compression | undefined): Compression {
  if (given !== undefined && !COMPRESSIONS.includes(given)) {
    throw new ConfigurationError(`compression must be ${COMPRESSIONS.join(", ")}, but is ${typeof given === "string" ? JSON.stringify(given) : kindOf(given)}.`);
  }
  const byName = path?.endsWith(".gz") === true ? "gzip" : path?.endsWith(".zst") === true ? "zstd" : "none";
  const compression = given ?? byName;
  if (compression === "zstd") requireZstd();
  return compression;
}

/** Compresses one part. */
export async function compress(bytes: Buffer, compression: Compression): Promise<Buffer> {
  if (compression === "none") return bytes;
  if (compression === "gzip") return promisify(zlib.gzip)(bytes);
  const frame = await promisify(zlib.zstdCompress)(bytes);
  const length = Buffer.alloc(SKIPPABLE_BYTES);
  length.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  length.writeUInt32LE(4, 4);
  length.writeUInt32LE(frame.length, 8);
  return Buffer.concat([length, frame]);
}

/** Yields the content of a file; its first bytes determine the compression. */
export async function* decompressed(file: Readable): AsyncGenerator<Buffer, void, undefined> {
  const bytes = new ByteReader(file);
  const start = await bytes.peek(4);
  if (start.length >= 2 && start.readUInt16BE(0) === GZIP_MAGIC) return yield* through(bytes, zlib.createGunzip());
  const magic = start.length < 4 ? 0 : start.readUInt32LE(0);
  if (magic !== ZSTD_MAGIC && magic !== SKIPPABLE_MAGIC) return yield* bytes.rest();
  requireZstd();
  return yield* magic === ZSTD_MAGIC ? through(bytes, zlib.createZstdDecompress()) : zstdParts(bytes);
}

async function* through(bytes: ByteReader, transform: zlib.Gunzip | zlib.ZstdDecompress): AsyncGenerator<Buffer, void, undefined> {
  const feed = (async () => {
    for await (const chunk of bytes.rest()) {
      if (!transform.write(chunk)) await drained(transform);
      if (transform.destroyed) return;
    }
    transform.end();
  })();
  feed.catch((error: unknown) => transform.destroy(isError(error) ? error : new Error(String(error))));
  try {
    for await (const chunk of transform) yield chunk as Buffer;
  } catch (cause) {
    throw truncated(cause);
  }
}

/** Resolves once the transform accepts more bytes, or was closed. */
async function drained(transform: Transform): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      transform.off("drain", end).off("close", end);
      resolve();
    };
    transform.on("drain", end).on("close", end);
  });
}

async function* zstdParts(bytes: ByteReader): AsyncGenerator<Buffer, void, undefined> {
  for (;;) {
    const head = await bytes.take(SKIPPABLE_BYTES);
    if (head.length === 0) return;
    const length = head.length < SKIPPABLE_BYTES ? 0 : head.readUInt32LE(8);
    if (length === 0 || length > MAX_PART_BYTES) throw truncated();
    const frame = await bytes.take(length);
    // As a stream, because a small frame may have a huge content, and because the first lines of a truncated one can be read.
    yield* through(new ByteReader(Readable.from([frame])), zlib.createZstdDecompress());
    if (frame.length < length) throw truncated();
  }
}

function truncated(cause?: unknown): ValidationError {
  return new ValidationError("The compressed file was truncated or is damaged. Copy it again, or export again.", { cause });
}

function requireZstd(): void {
  if (typeof (zlib as { zstdCompress?: unknown }).zstdCompress === "function") return;
  throw new ConfigurationError(`Node.js ${process.version} has no zstd: use gzip, or Node.js 22.15 or newer.`);
}

/** Reads a given number of bytes from a stream. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(file: Readable) {
    this.#chunks = file[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Returns the next `count` bytes without consuming them; fewer at the end. */
  async peek(count: number): Promise<Buffer> {
    const parts = [this.#held];
    let length = this.#held.length;
    while (length < count) {
      const next = await this.#chunks.next();
      if (next.done === true) break;
      parts.push(next.value);
      length += next.value.length;
    }
    if (parts.length > 1) this.#held = Buffer.concat(parts);
    return this.#held.subarray(0, count);
  }

  /** Consumes and returns the next `count` bytes; fewer at the end. */
  async take(count: number): Promise<Buffer> {
    const taken = await this.peek(count);
    this.#held = this.#held.subarray(taken.length);
    return taken;
  }

  /** Yields the remaining bytes. */
  async *rest(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#held.length > 0) yield this.#held;
    for (let next = await this.#chunks.next(); next.done !== true; next = await this.#chunks.next()) yield next.value;
  }
}
