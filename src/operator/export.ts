/** Exports items to a file, page by page, in bounded memory. An export that was interrupted continues where it ended. */
import { rename, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { ValidationError } from "../model/errors.ts";
import { isLive, type LiveRecord } from "../model/item.ts";
import { ROOT, toLabels, toPath } from "../model/namespace.ts";
import { isReadable } from "../model/value-codec.ts";
import { compress, compressionOf, type Compression } from "./compression.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import { PageSize } from "../model/page-size.ts";
import { searchPage } from "./search-page.ts";
import { vectorsOfRecords } from "./transferred-vectors.ts";
import { append, checkOwn, openPartial, readPlace, stoppedAt, writeText, type Place } from "./export-file.ts";
import { endLine, headerLine, itemLine, type ItemVectors } from "./export-format.ts";
import { retried, sentenceOf, stopped } from "./interruption.ts";

/** Options of an export. */
export interface ExportOptions {
  /** Exports only items at or below this namespace. */
  readonly prefix?: string[];
  /** By the name of the file by default: `.gz` is gzip, `.zst` zstd. */
  readonly compression?: Compression;
  /**
   * Also exports the stored vectors, with their model: an import into a store with the same model and index rules embeds nothing.
   * @default false
   */
  readonly vectors?: boolean;
  /** Continues an export to this file that was interrupted. */
  readonly resume?: boolean;
  /** Called after each part. */
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Ends the export after the part in progress. */
  readonly signal?: AbortSignal;
}

/** Progress of an export or import. */
export interface TransferProgress {
  /** Share from 0 to 1; null where the total is not known. */
  readonly done: number | null;
  readonly items: number;
}

/** Result of an export. */
export interface ExportReport {
  readonly items: number;
  /** Items that were omitted, as their values cannot be decoded: a key of the codec is missing or wrong. */
  readonly unreadable: number;
  /** Items with vectors; null without `vectors`. Fewer than items: some are not indexed, or their vectors were not in sync. */
  readonly withVectors: number | null;
  /** Bytes of the file. */
  readonly bytes: number;
}

/** A page of items. */
interface ItemsPage {
  readonly records: readonly LiveRecord[];
  readonly unreadable: number;
  readonly next: string | null;
  readonly done: number | null;
}

/** Items of a page; between these bounds, as many as fit into {@link PAGE_BYTES} by the size of the page before. */
const MIN_PAGE_ITEMS = 10;
const MAX_PAGE_ITEMS = 500;
const PAGE_BYTES = 4 * 1024 * 1024;

/** Characters of lines that are compressed and written together. */
const PART_CHARACTERS = 4 * 1024 * 1024;

/** Exports to a file, which gets its name when it is complete. */
export async function exportToFile(dependencies: OperatorDependencies, path: string, options: ExportOptions): Promise<ExportReport> {
  const partial = `${path}.part`;
  const journal = `${path}.part.json`;
  const prefix = toPath(options.prefix ?? [], { allowEmpty: true, allowReservedRoot: true });
  const compression = compressionOf(path, options.compression);
  checkVectors(dependencies, options);
  const place = options.resume === true ? await readPlace(partial, journal, { prefix, compression, vectors: options.vectors === true }) : null;
  const file = await openPartial(path, partial, place);
  let bytes = place?.bytes ?? 0;
  try {
    const report = await exportItems(dependencies, { ...options, prefix, compression, place }, {
      async write(part) {
        await checkOwn(file, partial, bytes);
        await append(file, part);
        bytes += part.length;
      },
      async save(reached) {
        await file.datasync();
        await writeText(journal, JSON.stringify(reached));
      },
      next: `The exported items are in ${partial}. Continue with resume (--resume).`,
    });
    await file.datasync();
    await checkOwn(file, partial, bytes);
    await file.close();
    await rename(partial, path);
    await rm(journal, { force: true });
    return report;
  } catch (error) {
    await file.close().catch(() => undefined);
    throw stoppedAt(error, partial);
  }
}

/** Exports to a stream, which is not closed. */
export function exportToStream(dependencies: OperatorDependencies, stream: Writable, options: ExportOptions): Promise<ExportReport> {
  if (options.resume === true) throw new ValidationError("resume requires a file: an export to a stream starts again.");
  const prefix = toPath(options.prefix ?? [], { allowEmpty: true, allowReservedRoot: true });
  const compression = compressionOf(null, options.compression);
  checkVectors(dependencies, options);
  const write = (bytes: Buffer): Promise<void> =>
    new Promise((resolve, reject) => void stream.write(bytes, (error) => (error ? reject(error) : resolve())));
  return exportItems(dependencies, { ...options, prefix, compression, place: null }, { write, save: () => Promise.resolve(), next: "The stream has no end line: start the export again." });
}

interface Task extends Omit<ExportOptions, "prefix" | "compression"> {
  readonly prefix: string;
  readonly compression: Compression;
  readonly place: Place | null;
}

interface Sink {
  write(bytes: Buffer): Promise<void>;
  /** Saves a position, once everything written before it is durable. */
  save(place: Place): Promise<void>;
  /** How to continue when the store fails, as a sentence. */
  readonly next: string;
}

async function exportItems(dependencies: OperatorDependencies, task: Task, sink: Sink): Promise<ExportReport> {
  const { prefix, compression, place, onProgress, signal } = task;
  const indexing = task.vectors === true ? (dependencies.generations?.active ?? null) : null;
  let { after, bytes, items, unreadable, withVectors } = place ?? { after: null, bytes: 0, items: 0, unreadable: 0, withVectors: indexing === null ? null : 0 };
  let lines = place === null ? [headerLine(toLabels(prefix), indexing === null ? null : dependencies.model)] : [];
  let characters = 0;
  let limit = 5 * MIN_PAGE_ITEMS;
  const fitting = new PageSize(MAX_PAGE_ITEMS);
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    const part = await compress(Buffer.from(`${lines.join("\n")}\n`), compression);
    await sink.write(part);
    bytes += part.length;
    [lines, characters] = [[], 0];
  };
  const savePlace = async (): Promise<void> => {
    await flush();
    await sink.save({ prefix, compression, after, bytes, items, unreadable, withVectors });
  };
  const read = async (): Promise<{ readonly page: ItemsPage; readonly vectors: readonly (ItemVectors | null)[] }> => {
    signal?.throwIfAborted();
    const page = await fitting.read((items) => readPage(dependencies, prefix, after, items), limit);
    return { page, vectors: indexing === null ? [] : await vectorsOfRecords(indexing, page.records) };
  };
  do {
    const { page, vectors } = await retried(read, signal).catch(async (reason: unknown) => {
      await savePlace();
      signal?.throwIfAborted();
      throw stopped(reason, `The export stopped after ${items} items: ${sentenceOf(reason)} ${sink.next}`);
    });
    if (withVectors !== null) withVectors += vectors.filter((own) => own !== null).length;
    const added = page.records.map((record, i) => itemLine(record, vectors[i] ?? null));
    lines.push(...added);
    const pageCharacters = added.reduce((sum, line) => sum + line.length, 0);
    characters += pageCharacters;
    items += page.records.length;
    unreadable += page.unreadable;
    limit = nextLimit(pageCharacters, page.records.length);
    after = page.next;
    if (characters < PART_CHARACTERS && after !== null) continue;
    if (after === null) {
      lines.push(endLine(items, unreadable));
      await flush();
    } else await savePlace();
    onProgress?.({ done: page.done, items });
  } while (after !== null);
  return { items, unreadable, withVectors, bytes };
}

function nextLimit(characters: number, records: number): number {
  if (records === 0) return MAX_PAGE_ITEMS;
  return Math.min(MAX_PAGE_ITEMS, Math.max(MIN_PAGE_ITEMS, Math.floor(PAGE_BYTES / (characters / records))));
}

/** A page of all records in the order of storage, or of those below a prefix in stable order. */
async function readPage(dependencies: OperatorDependencies, prefix: string, after: string | null, limit: number): Promise<ItemsPage> {
  if (prefix !== ROOT) return readBelow(dependencies, prefix, after, limit);
  const now = Date.now();
  const page = await dependencies.items.scan(after, limit);
  const live = page.found.filter((record): record is LiveRecord => isLive(record, now));
  const records = live.filter(({ value }) => isReadable(value));
  return { records, unreadable: page.unreadable + live.length - records.length, next: page.next, done: page.done };
}

async function readBelow(dependencies: OperatorDependencies, prefix: string, cursor: string | null, limit: number): Promise<ItemsPage> {
  const { found, info } = await searchPage(dependencies, { prefix, cursor, limit });
  return { records: found.map(({ record }) => record), unreadable: info.unreadable, next: info.cursor, done: null };
}

/** @throws {ValidationError} when the store has no vectors. */
function checkVectors({ generations }: OperatorDependencies, { vectors }: ExportOptions): void {
  if (vectors === true && generations === null) throw new ValidationError("vectors requires a store with an index: configure index, or leave out vectors (--vectors).");
}
