/**
 * The format of exports: JSON Lines in UTF-8. A header, one line per item, and an end line by which a truncated file is
 * recognized. Times are ISO 8601 in UTC with microseconds.
 */
import { kindOf, SchemaError, ValidationError } from "../model/errors.ts";
import { updatedOf, type IndexOverride, type LiveRecord } from "../model/item.ts";
import { toLabels, toPath } from "../model/namespace.ts";
import { parseIndex, parseKey } from "../model/operation-fields.ts";
import type { RequestLimits } from "../model/request.ts";
import { parseMinutes } from "../model/ttl.ts";
import type { ModelIdentity } from "../core/model-identity.ts";
import { decodeValue, encodeValue, type EncodedValue } from "../model/value-codec.ts";
import { DISTANCE_METRICS } from "../model/distance-metric.ts";
import type { Vector } from "../ports/vector-index.ts";

/** Increased when an older version could misread what is written. */
const FORMAT_VERSION = 1;

/** The first line. */
export interface ExportHeader {
  readonly "langgraph-store-export": number;
  readonly prefix: readonly string[];
  readonly exportedAt: string;
  /** The model of the vectors in the file; null when it has none. */
  readonly vectors: ModelIdentity | null;
}

/** The last line. */
export interface ExportEnd {
  readonly end: true;
  readonly items: number;
  /** Items that were omitted, as their values could not be decoded. */
  readonly unreadable: number;
}

/** The vectors of an item, and the hash of the texts that they were computed from. */
export interface ItemVectors {
  readonly vectors: readonly Vector[];
  readonly textsHash: string;
}

/** An item of an import, checked. */
export interface ImportedItem {
  /** Path of the namespace. */
  readonly namespace: string;
  readonly key: string;
  readonly value: EncodedValue;
  readonly index: IndexOverride;
  /** Microseconds; null where the source does not say. */
  readonly created: number | null;
  /** Microseconds; null where the source does not say. */
  readonly updated: number | null;
  /** Null if the source does not have it. */
  readonly expiry: { readonly expiresAt: number | null; readonly ttlMs: number | null } | null;
  /** With the model of the file; null where the source has none. */
  readonly vectors: (ItemVectors & { readonly model: ModelIdentity }) | null;
}

/** A line of a file. */
export type ParsedLine =
  | { readonly kind: "header"; readonly header: ExportHeader }
  | { readonly kind: "end"; readonly end: ExportEnd }
  | { readonly kind: "item"; readonly item: ImportedItem };

const MS_PER_MINUTE = 60_000;

/** The header of an export. */
export function headerLine(prefix: readonly string[], vectors: ModelIdentity | null): string {
  const header: ExportHeader = { "langgraph-store-export": FORMAT_VERSION, prefix, exportedAt: new Date().toISOString(), vectors };
  return JSON.stringify(header);
}

/** The line of an item. The JSON of its value is copied, not parsed. */
export function itemLine(record: LiveRecord, vectors: ItemVectors | null): string {
  const { namespace, key, value, created, expiresAt, ttlMs, index } = record;
  const before = JSON.stringify({ namespace: toLabels(namespace), key }).slice(0, -1);
  const after = JSON.stringify({
    ...(value.typed ? { typed: true } : {}),
    createdAt: timeText(created),
    updatedAt: timeText(updatedOf(record)),
    // Null: the item does not expire, regardless of the TTL rules of the store that imports it.
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    ...(ttlMs === null ? {} : { ttlMinutes: ttlMs / MS_PER_MINUTE }),
    ...(index === undefined ? {} : { index }),
    ...(vectors === null ? {} : { textsHash: vectors.textsHash, vectors: vectors.vectors }),
  }).slice(1);
  return `${before},"value":${Buffer.from(value.bytes).toString("utf8")},${after}`;
}

/** The end line of an export. */
export function endLine(items: number, unreadable: number): string {
  const end: ExportEnd = { end: true, items, unreadable };
  return JSON.stringify(end);
}

/**
 * Parses a line.
 *
 * @param model - of the vectors, from the header; null for none
 * @throws {ValidationError} naming the mistake, {@link SchemaError} for a newer format.
 */
export function parseLine(text: string, limits: RequestLimits, model: ModelIdentity | null): ParsedLine {
  let line: unknown;
  try {
    line = JSON.parse(text) as unknown;
  } catch {
    // Without its cause: a parser quotes what it cannot parse.
    throw new ValidationError("The line is not valid JSON: the file was truncated or edited.");
  }
  if (typeof line !== "object" || line === null || Array.isArray(line)) throw new ValidationError(`The line must be an object, but is ${kindOf(line)}.`);
  const fields = line as Record<string, unknown>;
  if ("langgraph-store-export" in fields) return { kind: "header", header: checkedHeader(fields) };
  if (fields["end"] === true && typeof fields["items"] === "number") return { kind: "end", end: fields as unknown as ExportEnd };
  return { kind: "item", item: parseItem(fields, limits, model) };
}

function checkedHeader(fields: Record<string, unknown>): ExportHeader {
  const version = fields["langgraph-store-export"];
  if (version === FORMAT_VERSION) {
    checkModel(fields["vectors"]);
    return fields as unknown as ExportHeader;
  }
  throw new SchemaError(`The file has export format ${JSON.stringify(version)}, but this version of the package reads ${FORMAT_VERSION}: upgrade langgraph-store-scylladb.`);
}

function checkModel(given: unknown): void {
  if (given === undefined || given === null) return;
  const { model, dims, metric } = given as Partial<Record<keyof ModelIdentity, unknown>>;
  const isDims = typeof dims === "number" && Number.isInteger(dims) && dims > 0;
  if (typeof model === "string" && isDims && (DISTANCE_METRICS as readonly unknown[]).includes(metric)) return;
  throw new SchemaError(`vectors in the header must have model, dims and metric (${DISTANCE_METRICS.join(", ")}): the file was edited, or written by another program.`);
}

const KNOWN = ["namespace", "key", "value", "typed", "createdAt", "updatedAt", "expiresAt", "ttlMinutes", "index", "textsHash", "vectors"];

/** Checks an item. `value` is JSON, with forms of typed values if `typed` is true. */
function parseItem(fields: Record<string, unknown>, limits: RequestLimits, model: ModelIdentity | null): ImportedItem {
  const unknown = Object.keys(fields).find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw new ValidationError(`The line has an unknown field ${JSON.stringify(unknown)}; an item has ${KNOWN.join(", ")}.`);
  const { namespace, key, value, typed, index } = fields;
  if (typed !== undefined && typeof typed !== "boolean") throw new ValidationError(`typed must be true or false, but is ${kindOf(typed)}.`);
  const plain = typed === true ? decodeValue({ typed: true, bytes: Buffer.from(JSON.stringify(value)) }) : value;
  return {
    namespace: toPath(namespace, { allowReservedRoot: true, limits }),
    key: parseKey(key, limits),
    value: encodeValue(plain, limits),
    index: parseIndex(index, limits),
    created: timeOf(fields, "createdAt"),
    updated: timeOf(fields, "updatedAt"),
    expiry: expiryOf(fields),
    vectors: vectorsOf(fields, model),
  };
}

function expiryOf(fields: Record<string, unknown>): ImportedItem["expiry"] {
  const { expiresAt, ttlMinutes } = fields;
  if (expiresAt === undefined && ttlMinutes === undefined) return null;
  const micros = expiresAt === null || expiresAt === undefined ? null : timeOf(fields, "expiresAt");
  if (ttlMinutes === undefined || ttlMinutes === null) return { expiresAt: micros === null ? null : Math.floor(micros / 1_000), ttlMs: null };
  const now = Date.now();
  const ttlMs = parseMinutes(ttlMinutes, now, "ttlMinutes");
  return { expiresAt: micros === null ? now + ttlMs : Math.floor(micros / 1_000), ttlMs };
}

/** Greatest number in single precision, in which both backends store vectors. */
const GREATEST = 3.4028234663852886e38;

function vectorsOf({ vectors, textsHash }: Record<string, unknown>, model: ModelIdentity | null): ImportedItem["vectors"] {
  if (vectors === undefined || vectors === null) return null;
  if (model === null) throw new ValidationError("The line has vectors, but the header names no model for them: remove vectors, to embed the texts.");
  if (typeof textsHash !== "string") throw new ValidationError(`textsHash must be the hash of the embedded texts beside vectors, but is ${kindOf(textsHash)}.`);
  if (!Array.isArray(vectors) || vectors.length === 0) throw new ValidationError(`vectors must be a list of vectors, each a list of numbers, but is ${kindOf(vectors)}.`);
  for (const [i, vector] of vectors.entries()) checkVector(vector, i, model.dims);
  return { vectors: vectors as number[][], textsHash, model };
}

function checkVector(vector: unknown, i: number, dims: number): void {
  const isNumber = (each: unknown): boolean => typeof each === "number" && Math.abs(each) <= GREATEST;
  if (!Array.isArray(vector) || !vector.every(isNumber)) throw new ValidationError(`vectors[${i}] must be a list of finite numbers in single precision.`);
  if (vector.length !== dims) throw new ValidationError(`vectors[${i}] has ${vector.length} numbers, but the header says ${dims} dims.`);
}

/** Microseconds as text. */
function timeText(micros: number): string {
  const ms = Math.floor(micros / 1_000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micros - ms * 1_000).padStart(3, "0")}Z`;
}

/** Returns a time in microseconds; the text may have fewer digits. */
function timeOf(fields: Record<string, unknown>, name: string): number | null {
  const text = fields[name];
  if (text === undefined || text === null) return null;
  const ms = typeof text === "string" ? Date.parse(text) : NaN;
  if (!Number.isFinite(ms) || ms < 0) throw new ValidationError(`${name} must be a time such as "2026-01-31T12:00:00.000Z", but is ${kindOf(text)}.`);
  const micros = /\.\d{3}(\d{3})/.exec(text as string)?.[1];
  return ms * 1_000 + Number(micros ?? 0);
}
