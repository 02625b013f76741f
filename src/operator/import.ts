/** Imports items: checks each, writes the ones that the store does not have, and reports each rejected one. */
import type { Readable } from "node:stream";
import { isStoreError, kindOf, messageOf, SchemaError, ValidationError, type StoreError } from "../model/errors.ts";
import { isWithin, toPath } from "../model/namespace.ts";
import { itemsOfPostgres } from "./postgres-source.ts";
import type { SourceItem } from "./source-item.ts";
import { verifyImport } from "./verify-import.ts";
import { VectorsOfImport } from "./transferred-vectors.ts";
import { MAX_TEXTS } from "../model/index-text.ts";
import type { TransferProgress } from "./export.ts";
import { importBatch, type ImportCounts, type ImportFailure, type ItemAt } from "./import-batch.ts";
import { sentenceOf, stopped, untilInterrupted } from "./interruption.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import { parseLine, type ExportEnd, type ExportHeader } from "./export-format.ts";
import type { ImportOptions, ImportReport } from "./import-report.ts";
import { itemsOfStore, type SourceStore } from "./import-source.ts";
import { linesOf, type SourceLine } from "./import-lines.ts";

/** Reasons why a line is no text. */
const LINE_FAULTS: Readonly<Record<NonNullable<SourceLine["fault"]>, string>> = {
  "too-long": "The line is longer than any item that this store takes (limits.maxValueBytes).",
  "not-utf8": "The line is not valid UTF-8: convert the file, for example with iconv.",
};

/** Characters of a number of a vector, with its comma. */
const NUMBER_BYTES = 26;

const CONFLICT_RULES: readonly NonNullable<ImportOptions["onConflict"]>[] = ["newer", "overwrite", "keep"];

/** @throws {ValidationError} for an unknown rule: an item could replace another one unintentionally. */
function checkConflictRule({ onConflict }: ImportOptions): void {
  if (onConflict === undefined || CONFLICT_RULES.includes(onConflict)) return;
  throw new ValidationError(`onConflict (--on-conflict) must be ${CONFLICT_RULES.join(", ")}, but is ${typeof onConflict === "string" ? JSON.stringify(onConflict) : kindOf(onConflict)}.`);
}

/** Items written together, and batches at once. */
const BATCH_ITEMS = 100;
const BATCH_BYTES = 1024 * 1024;
const BATCHES_AT_ONCE = 4;

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
  const itemOf = ({ number: line, text, fault }: SourceLine): SourceItem | null => {
    if (text === null) return { line, reason: LINE_FAULTS[fault ?? "too-long"] };
    try {
      const found = parseLine(text, limits, header?.vectors ?? null);
      if (found.kind === "header") header = found.header;
      if (found.kind === "end") end = found.end;
      if (found.kind !== "item") return null;
      return { line, item: found.item };
    } catch (error) {
      // A file of a newer format has no line that can be read.
      if (isStoreError(error) && error.code === "SCHEMA") throw new SchemaError(`Line ${line}: ${error.message}`, { cause: error });
      return { line, reason: messageOf(error) };
    }
  };
  const { onProgress } = options;
  const progress = onProgress === undefined ? {} : { onProgress: ({ items }: TransferProgress) => onProgress({ done, items }) };
  const report = await importItems(dependencies, parsed(), { ...options, ...progress });
  const last = end as ExportEnd | null;
  return { ...report, missing: last?.unreadable ?? 0, complete: last === null ? header === null && report.items + report.rejected > 0 : last.items === report.items + report.rejected };
}

/** Imports the items of another store: a `BaseStore`, or the address of the database of a PostgresStore. */
export async function importStore(dependencies: OperatorDependencies, source: SourceStore | string, options: ImportOptions): Promise<ImportReport> {
  const { limits } = dependencies;
  const { prefix = [], verify, dryRun, signal } = options;
  const read = (): AsyncIterable<SourceItem> =>
    untilInterrupted(typeof source === "string" ? itemsOfPostgres(source, prefix, limits) : itemsOfStore(source, prefix, limits), signal);
  const report = await importItems(dependencies, read(), options);
  if (verify !== true || dryRun === true) return report;
  try {
    return { ...report, verification: await verifyImport(dependencies, read()) };
  } catch (error) {
    signal?.throwIfAborted();
    throw stopped(error, `The import is complete (${report.imported} items were written), but its verification stopped: ${sentenceOf(error)} Import again to verify: what is stored is recognized.`);
  }
}

/** Imports items. */
async function importItems(dependencies: OperatorDependencies, source: AsyncIterable<SourceItem>, options: ImportOptions): Promise<ImportReport> {
  const { onRejected, onProgress, signal, dryRun } = options;
  checkConflictRule(options);
  const vectors = new VectorsOfImport(dependencies.generations, dependencies.model);
  const counts: ImportCounts = { items: 0, imported: 0, unchanged: 0, kept: 0, expired: 0, skipped: 0, rejected: 0, missing: 0, complete: true, verification: null };
  const prefix = toPath(options.prefix ?? [], { allowEmpty: true, allowReservedRoot: true });
  const reject = (line: number, reason: string): void => {
    counts.rejected += 1;
    onRejected?.({ line, reason });
  };
  const inFlight = new Set<Promise<void>>();
  const failed: ImportFailure[] = [];
  const startBatch = async (batch: readonly ItemAt[]): Promise<void> => {
    while (inFlight.size >= BATCHES_AT_ONCE) await Promise.race(inFlight);
    if (failed.length > 0) return;
    const running = importBatch(dependencies, batch, options, { counts, vectors, reject })
      .then((failure) => {
        if (failure !== null) failed.push(failure);
        onProgress?.({ done: null, items: counts.items });
      })
      .catch((reason: unknown) => void failed.push({ reason, line: batch[0]?.line ?? null }))
      .finally(() => inFlight.delete(running));
    inFlight.add(running);
  };
  try {
    for await (const batch of batchesOf(source, (each) => countAndFilter(each, prefix, counts, reject))) {
      signal?.throwIfAborted();
      await startBatch(batch);
      if (failed.length > 0) break;
    }
  } catch (reason) {
    failed.push({ reason, line: null });
  }
  await Promise.all(inFlight);
  if (failed.length > 0) {
    signal?.throwIfAborted();
    // A file that does not exist, or a source that cannot be reached.
    if (counts.items + counts.rejected === 0) throw failed[0]?.reason;
    throw importStopped(failed, counts, dryRun === true);
  }
  return { ...counts, vectors: vectors.report };
}

/** Returns the error of an import that stopped: the first line that is not imported, what was done, and how to continue. */
function importStopped(failed: readonly ImportFailure[], { imported, unchanged, kept }: ImportCounts, isDry: boolean): StoreError {
  const [first] = failed.toSorted((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity));
  const line = first?.line ?? null;
  const position = line === null ? "" : ` at line ${line}`;
  const done = isDry ? "Nothing was imported." : `${imported} items were written and stay; ${unchanged + kept} were stored already. Import again to continue: what is stored is recognized.`;
  return stopped(first?.reason, `The import stopped${position}: ${sentenceOf(first?.reason)} ${done}`);
}

/** Counts an item, and returns it if it is to be imported; otherwise null. */
function countAndFilter(source: SourceItem, prefix: string, counts: ImportCounts, reject: (line: number, reason: string) => void): ItemAt | null {
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
  let failure: { readonly reason: unknown } | null = null;
  try {
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
  } catch (reason) {
    failure = { reason };
  }
  // Also what was read before the source failed.
  if (batch.size > 0) yield [...batch.values()];
  if (failure !== null) throw failure.reason;
}

