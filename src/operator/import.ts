/** Imports items: checks each, writes the ones that the store does not have, and reports each rejected one. */
import type { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { isStoreError, messageOf, RateLimitError, SchemaError, StoreError } from "../model/errors.ts";
import { isLive, updatedOf, type ItemRecord } from "../model/item.ts";
import { isWithin, ROOT, toPath } from "../model/namespace.ts";
import { UNSPECIFIED } from "../model/ttl.ts";
import { isReadable } from "../model/value-codec.ts";
import type { PutOrigin, PutRequest } from "../model/request.ts";
import { itemsOfPostgres } from "./postgres-source.ts";
import type { SourceItem } from "./source-item.ts";
import { verifyImport, type ImportVerification } from "./verify-import.ts";
import { VectorsOfImport, type ImportedVectors } from "./transferred-vectors.ts";
import { MAX_TEXTS } from "../model/index-text.ts";
import type { Vector } from "../ports/vector-index.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import type { TransferProgress } from "./export.ts";
import { parseLine, type ExportEnd, type ExportHeader, type ImportedItem } from "./export-format.ts";
import { itemsOfStore, type SourceStore } from "./import-source.ts";
import { linesOf, type SourceLine } from "./import-lines.ts";

/** Options of an import. */
export interface ImportOptions {
  /** Imports only items at or below this namespace. */
  readonly prefix?: string[];
  /**
   * What happens to an item that is stored already. `newer`: the later update stays. `overwrite`: the imported one stays.
   * `keep`: the stored one stays.
   */
  readonly onConflict?: "newer" | "overwrite" | "keep";
  /** Reads the source again afterwards, and compares every item with what is stored. Of another store only. */
  readonly verify?: boolean;
  /** Only checks the lines and compares them with what is stored; writes nothing. */
  readonly dryRun?: boolean;
  /** Called for each line that is not imported, with its number. */
  readonly onRejected?: (rejection: ImportRejection) => void;
  /** Called after each batch. */
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Ends the import after the batches in progress. To continue, import again: what is stored is recognized. */
  readonly signal?: AbortSignal;
}

/** A line that was not imported. */
export interface ImportRejection {
  /** Number of the line, or of the item where the source has no lines; from 1. */
  readonly line: number;
  readonly reason: string;
}

/** Result of an import. */
export interface ImportReport {
  /** Items that were read. */
  readonly items: number;
  /** Items that were written, or would be in a dry run. */
  readonly imported: number;
  /** Items that are already stored with the same content. */
  readonly unchanged: number;
  /** Items whose stored value differs and was kept, see `onConflict`. */
  readonly kept: number;
  /** Items that had expired. */
  readonly expired: number;
  /** Items that are not below the prefix. */
  readonly skipped: number;
  /** Lines that were not imported; `onRejected` was called for each. */
  readonly rejected: number;
  /** Items that the source omitted, as they could not be decoded. */
  readonly missing: number;
  /** How many vectors of the source were used, and how many were not. */
  readonly vectors: ImportedVectors;
  /** Whether the source was read to its end: its end line was there, with the number of items read. */
  readonly complete: boolean;
  /** Null unless `verify` was set. */
  readonly verification: ImportVerification | null;
}

type Counts = { -readonly [Name in keyof ImportReport]: ImportReport[Name] };

/** Characters of a number of a vector, with its comma. */
const NUMBER_BYTES = 26;

/** Items written together, and batches at once. */
const BATCH_ITEMS = 100;
const BATCH_BYTES = 1024 * 1024;
const BATCHES_AT_ONCE = 4;

/** Attempts of an item whose failures are transient, and the first pause between two, which doubles. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 250;

/** What a line may have besides its value. */
const LINE_OVERHEAD_BYTES = 4 * 1024 * 1024;

/** Imports the lines of an export, compressed or not. */
export async function importLines(dependencies: OperatorDependencies, source: string | Readable, options: ImportOptions): Promise<ImportReport> {
  const { limits } = dependencies;
  let header: ExportHeader | null = null;
  let end: ExportEnd | null = null;
  let done: number | null = null;
  const maxBytes = (): number => limits.maxValueBytes * 2 + LINE_OVERHEAD_BYTES + (header?.vectors?.dims ?? 0) * NUMBER_BYTES * MAX_TEXTS;
  const lines = linesOf(source, { maxBytes, onRead: (share) => (done = share), signal: options.signal });
  const parsed = async function* (): AsyncGenerator<SourceItem, void, undefined> {
    for await (const line of lines) {
      const item = itemOf(line);
      if (item !== null) yield item;
    }
  };
  const itemOf = ({ number: line, text }: SourceLine): SourceItem | null => {
    if (text === null) return { line, reason: "The line is longer than any item that this store takes (limits.maxValueBytes)." };
    try {
      const found = parseLine(text, limits, header?.vectors ?? null);
      if (found.kind === "header") header = found.header;
      if (found.kind === "end") end = found.end;
      if (found.kind !== "item") return null;
      return { line, item: found.item };
    } catch (error) {
      // A file of a newer format has no line that can be read.
      if (isStoreError(error) && error.code === "SCHEMA") throw new SchemaError(`Line ${line}: ${error.message} The lines before it were processed.`, { cause: error });
      return { line, reason: messageOf(error) };
    }
  };
  const { onProgress } = options;
  const progress = onProgress === undefined ? {} : { onProgress: ({ items }: TransferProgress) => onProgress({ done, items }) };
  const report = await importItems(dependencies, parsed(), { ...options, ...progress });
  const last = end as ExportEnd | null;
  return { ...report, missing: last?.unreadable ?? 0, complete: last === null ? header === null : last.items === report.items + report.rejected };
}

/** Imports the items of another store: a `BaseStore`, or the address of the database of a PostgresStore. */
export async function importStore(dependencies: OperatorDependencies, source: SourceStore | string, options: ImportOptions): Promise<ImportReport> {
  const { limits } = dependencies;
  const { prefix = [], verify, dryRun } = options;
  const read = (): AsyncIterable<SourceItem> => (typeof source === "string" ? itemsOfPostgres(source, prefix, limits) : itemsOfStore(source, prefix, limits));
  const report = await importItems(dependencies, read(), options);
  return verify === true && dryRun !== true ? { ...report, verification: await verifyImport(dependencies, read()) } : report;
}

/** Imports items. */
async function importItems(dependencies: OperatorDependencies, source: AsyncIterable<SourceItem>, options: ImportOptions): Promise<ImportReport> {
  const { onRejected, onProgress, signal } = options;
  const vectors = new VectorsOfImport(dependencies.generations, dependencies.model);
  const counts: Omit<Counts, "vectors"> = { items: 0, imported: 0, unchanged: 0, kept: 0, expired: 0, skipped: 0, rejected: 0, missing: 0, complete: true, verification: null };
  const prefix = toPath(options.prefix ?? [], { allowEmpty: true, allowReservedRoot: true });
  const reject = (line: number, reason: string): void => {
    counts.rejected += 1;
    onRejected?.({ line, reason });
  };
  const inFlight = new Set<Promise<void>>();
  let failure: unknown = null;
  const startBatch = async (batch: readonly ItemAt[]): Promise<void> => {
    while (inFlight.size >= BATCHES_AT_ONCE) await Promise.race(inFlight);
    if (failure !== null) throw failure;
    const running = importBatch(dependencies, batch, options, { counts, vectors, reject })
      .then(() => onProgress?.({ done: null, items: counts.items }))
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => inFlight.delete(running));
    inFlight.add(running);
  };
  try {
    for await (const batch of batchesOf(source, (each) => countAndFilter(each, prefix, counts, reject))) {
      signal?.throwIfAborted();
      await startBatch(batch);
    }
  } finally {
    await Promise.all(inFlight);
  }
  if (failure !== null) throw failure;
  return { ...counts, vectors: vectors.report };
}

/** The counts of an import, to which each batch adds. */
interface ImportProgress {
  readonly counts: Omit<Counts, "vectors">;
  readonly vectors: VectorsOfImport;
  readonly reject: (line: number, reason: string) => void;
}

interface ItemAt {
  readonly line: number;
  readonly item: ImportedItem;
}

/** Counts an item, and returns it if it is to be imported; otherwise null. */
function countAndFilter(source: SourceItem, prefix: string, counts: Omit<Counts, "vectors">, reject: (line: number, reason: string) => void): ItemAt | null {
  if ("reason" in source) {
    reject(source.line, source.reason);
    return null;
  }
  counts.items += 1;
  const { namespace, expiry } = source.item;
  if (!isWithin(prefix, namespace)) counts.skipped += 1;
  else if (expiry !== null && expiry.expiresAt !== null && expiry.expiresAt <= Date.now()) counts.expired += 1;
  else return source;
  return null;
}

/** Yields batches that contain no item twice: a later one starts the next batch, so that it wins. */
async function* batchesOf(source: AsyncIterable<SourceItem>, take: (source: SourceItem) => ItemAt | null): AsyncGenerator<ItemAt[], void, undefined> {
  let batch = new Map<string, ItemAt>();
  let bytes = 0;
  for await (const each of source) {
    const taken = take(each);
    if (taken === null) continue;
    const id = `${taken.item.namespace}\n${taken.item.key}`;
    if (batch.has(id) || batch.size >= BATCH_ITEMS || bytes >= BATCH_BYTES) {
      yield [...batch.values()];
      batch = new Map();
      bytes = 0;
    }
    batch.set(id, taken);
    bytes += taken.item.value.bytes.byteLength;
  }
  if (batch.size > 0) yield [...batch.values()];
}

async function importBatch(
  { items, run }: OperatorDependencies,
  batch: readonly ItemAt[],
  { onConflict = "newer", dryRun, signal }: ImportOptions,
  { counts, vectors, reject }: ImportProgress,
): Promise<void> {
  // Determined before the records are read, so that every later write wins.
  const asOf = Date.now() * 1_000;
  const stored = await items.get(batch.map(({ item: { namespace, key } }) => ({ namespace, key })));
  let pending = batch.filter(({ item }, i) => {
    const verdict = compare(item, stored[i] ?? null, onConflict);
    if (verdict !== "imported") counts[verdict] += 1;
    return verdict === "imported";
  });
  const vectorsByItem = new Map(pending.map(({ item }) => [item, vectors.usableOf(item)]));
  const countImported = ({ item }: ItemAt): void => {
    counts.imported += 1;
    vectors.count(item, vectorsByItem.get(item) ?? null);
  };
  if (dryRun === true) return pending.forEach(countImported);
  for (let attempt = 1; pending.length > 0; attempt += 1) {
    const outcomes = await run(pending.map(({ item }) => requestOf(item, vectorsByItem.get(item) ?? null, { asOf, onConflict })), { scope: ROOT, actor: null });
    const failed: ItemAt[] = [];
    let waitMs = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    pending.forEach((each, i) => {
      const outcome = outcomes[i];
      if (outcome?.status !== "rejected") {
        countImported(each);
        return;
      }
      const reason: unknown = outcome.reason;
      if (!isStoreError(reason) || !reason.retryable) return reject(each.line, messageOf(reason));
      if (attempt === ATTEMPTS) throw stoppedAtLine(reason, each.line);
      if (reason instanceof RateLimitError) waitMs = Math.max(waitMs, reason.retryAfterMs);
      failed.push(each);
    });
    pending = failed;
    if (pending.length > 0) await pause(waitMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** A service that is still down after all attempts ends the import: the rest of the file would fail likewise. */
function stoppedAtLine(reason: StoreError, line: number): StoreError {
  return new StoreError(reason.code, true, `The import stopped at line ${line}: ${reason.message} Lines before it are imported. Import again to continue: what is stored is recognized.`, {
    cause: reason,
  });
}

function compare(item: ImportedItem, stored: ItemRecord | null, onConflict: NonNullable<ImportOptions["onConflict"]>): "imported" | "unchanged" | "kept" {
  if (!isLive(stored, Date.now())) return "imported";
  if (isSame(item, stored)) return "unchanged";
  if (onConflict === "overwrite") return "imported";
  const isLater = item.updated !== null && item.updated > updatedOf(stored);
  return onConflict === "newer" && (isLater || item.updated === null) ? "imported" : "kept";
}

function isSame({ value, updated, expiry }: ImportedItem, stored: ItemRecord): boolean {
  if (stored.value === null || !isReadable(stored.value) || value.typed !== stored.value.typed) return false;
  if (updated !== null && updated !== updatedOf(stored)) return false;
  // An item without an end must not keep one, nor the reverse; a refresh may have moved the end.
  if (expiry !== null && (expiry.expiresAt === null) !== (stored.expiresAt === null)) return false;
  return Buffer.compare(value.bytes, stored.value.bytes) === 0;
}

function requestOf(
  { namespace, key, value, index, created, updated, expiry }: ImportedItem,
  vectors: readonly Vector[] | null,
  { asOf, onConflict }: { readonly asOf: number; readonly onConflict: NonNullable<ImportOptions["onConflict"]> },
): PutRequest {
  const origin: PutOrigin = { created, updated, expiry, asOf, keepsNewer: onConflict === "newer", vectors };
  return { kind: "put", namespace, key, value, index, lifetime: UNSPECIFIED, signal: null, origin };
}
