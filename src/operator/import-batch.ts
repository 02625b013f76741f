/** Writes a batch of imported items: compares each with what is stored, and retries those that fail transiently. */
import { setTimeout as pause } from "node:timers/promises";
import { isStoreError, messageOf, RateLimitError } from "../model/errors.ts";
import { isLive, updatedOf, type ItemRecord } from "../model/item.ts";
import { ROOT } from "../model/namespace.ts";
import { UNSPECIFIED } from "../model/ttl.ts";
import { isReadable } from "../model/value-codec.ts";
import type { PutOrigin, PutRequest } from "../model/request.ts";
import type { Vector } from "../ports/vector-index.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import type { ImportedItem } from "./export-format.ts";
import type { ImportOptions, ImportReport } from "./import-report.ts";
import { ATTEMPTS, FIRST_PAUSE_MS, retried } from "./interruption.ts";
import type { VectorsOfImport } from "./transferred-vectors.ts";

/** An item and its line. */
export interface ItemAt {
  readonly line: number;
  readonly item: ImportedItem;
}

/** Counts of an import, to which each batch adds. */
export type ImportCounts = { -readonly [Name in keyof Omit<ImportReport, "vectors">]: ImportReport[Name] };

/** What batches add to. */
interface ImportProgress {
  readonly counts: ImportCounts;
  readonly vectors: VectorsOfImport;
  readonly reject: (line: number, reason: string) => void;
}

/** Why an import ends before the end of its source. */
export interface ImportFailure {
  readonly reason: unknown;
  /** First line that is not imported; null where the source failed, whose message names the position. */
  readonly line: number | null;
}

/** Imports a batch. Returns why the rest of it is not imported; null when all of it was processed. */
export async function importBatch(
  { items, run }: OperatorDependencies,
  batch: readonly ItemAt[],
  { onConflict = "newer", dryRun, signal }: ImportOptions,
  { counts, vectors, reject }: ImportProgress,
): Promise<ImportFailure | null> {
  // Determined before the records are read, so that every later write wins.
  const asOf = Date.now() * 1_000;
  const stored = await retried(() => items.get(batch.map(({ item: { namespace, key } }) => ({ namespace, key }))), signal);
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
  if (dryRun === true) pending.forEach(countImported);
  for (let attempt = 1; dryRun !== true && pending.length > 0; attempt += 1) {
    const outcomes = await run(pending.map(({ item }) => requestOf(item, vectorsByItem.get(item) ?? null, { asOf, onConflict })), { scope: ROOT, actor: null });
    const failed: FailedItem[] = [];
    const refused: FailedItem[] = [];
    let waitMs = FIRST_PAUSE_MS * 2 ** (attempt - 1);
    pending.forEach((each, i) => {
      const outcome = outcomes[i];
      if (outcome?.status !== "rejected") {
        countImported(each);
        return;
      }
      const reason: unknown = outcome.reason;
      if (isStoreError(reason) && reason.code === "VECTOR_SYNC") {
        countImported(each);
        vectors.countPending(reason.message);
        return;
      }
      if (!isStoreError(reason) || !reason.retryable) {
        refused.push({ ...each, reason });
        return;
      }
      if (reason instanceof RateLimitError) waitMs = Math.max(waitMs, reason.retryAfterMs);
      failed.push({ ...each, reason });
    });
    if (concernsAll(refused, pending.length)) return [...refused, ...failed].toSorted((a, b) => a.line - b.line)[0] ?? null;
    for (const { line, reason } of refused) reject(line, messageOf(reason));
    pending = failed;
    // A service that is still down would reject the rest of the source likewise.
    if (attempt === ATTEMPTS && failed[0] !== undefined) return failed[0];
    if (pending.length > 0) await pause(waitMs, undefined, signal === undefined ? {} : { signal });
  }
  return null;
}

/** An item that was not written. */
type FailedItem = ItemAt & { readonly reason: unknown };

/** Codes of errors that do not depend on the item. */
const CODES_OF_SERVICES: readonly string[] = ["AUTHENTICATION", "CLOSED", "CONNECTION", "PERMISSION", "SCHEMA", "UNAVAILABLE"];

/** Whether the rest of the source would be refused likewise: a missing right, a full disk. */
function concernsAll(refused: readonly FailedItem[], items: number): boolean {
  const codes = refused.map(({ reason }) => (isStoreError(reason) ? reason.code : "VALIDATION"));
  if (codes.some((code) => CODES_OF_SERVICES.includes(code))) return true;
  return codes.length > 1 && codes.length === items && !codes.includes("VALIDATION");
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
