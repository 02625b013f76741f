/**
 * Values as bytes. A value of plain JSON is stored as that JSON. One that holds more (`Date`, `Map`, `Set`,
 * `Uint8Array`, `bigint`, `undefined`, NaN, ±Infinity, -0) is stored as JSON in which those stand as an object of one
 * key that begins with "~", such as `{"~date":"2026-01-01T00:00:00.000Z"}`; a user's own object of that form has its
 * key doubled to "~~…". The format is ours because records outlive libraries: it must be readable in ten years.
 */
import { types } from "node:util";
import { toBuffer } from "./bytes.ts";
import { CodecError, isStoreError, kindOf, ValidationError, type StoreError } from "./errors.ts";

/** A stored value. */
export interface EncodedValue {
  /** Whether the JSON holds "~" forms and must be walked on the way out. */
  readonly typed: boolean;
  /** UTF-8 JSON; of a sealed value what the `codec` made of it. */
  readonly bytes: Uint8Array;
  /** Whether a `codec` has to open it; `bytes` say nothing until then. */
  readonly isSealed?: boolean;
  /** Why the value cannot be decoded: the codec could not open it, or does not accept it. */
  readonly fault?: StoreError;
  /** Of a value that was opened, the bytes that are stored: an unchanged record is written again as it is. */
  readonly stored?: Uint8Array;
}

/** Whether a value can be decoded here. */
export function isReadable({ isSealed, fault }: EncodedValue): boolean {
  return isSealed !== true && fault === undefined;
}

/** Why a value cannot be decoded. */
function faultOf({ fault }: EncodedValue): StoreError {
  return fault ?? new CodecError("The value was encoded by a codec, and this store has none: give the `codec` that wrote it.");
}

/** Bounds on what is stored. */
export interface ValueLimits {
  readonly maxValueBytes: number;
}

/** Longer integers are refused: to write a number in digits, and to read it, takes the square of their count. */
const MAX_BIGINT_DIGITS = 2_048;

const BIGINT_BOUND = 10n ** BigInt(MAX_BIGINT_DIGITS);

/** Deeper values are refused: recursion over them, here and in the reader's own code, could end in a stack overflow. */
export const MAX_DEPTH = 200;

const MARK = "~";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** State of one walk: the path so far, the objects on it, and whether a "~" form was needed. */
interface Walk {
  /** Names and positions; the key of the entry of a map at position i is `~i`. */
  readonly path: (string | number)[];
  /** Outermost first. Hardly any are so many that a set would find one sooner. */
  readonly open: object[];
  typed: boolean;
  /** Characters that the JSON may still have: a small object that holds itself over and over may be endless as JSON. */
  room: number;
  readonly bound: SizeBound;
}

/** How long a value may be as JSON, and the option that says so. */
export interface SizeBound {
  readonly maxBytes: number;
  readonly option: string;
}

/**
 * Encodes the value of an item.
 *
 * @throws {ValidationError} naming the path and kind of what cannot be stored: functions, symbols, cycles, lone
 *   surrogates, objects whose content JSON would lose (errors, promises, …), and values that are too deep or too big.
 */
export function encodeValue(value: unknown, limits: ValueLimits): EncodedValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ValidationError(`value must be an object with string keys, but got ${kindOf(value)}; wrap it in one.`);
  }
  const bound: SizeBound = { maxBytes: limits.maxValueBytes, option: "limits.maxValueBytes" };
  const plain = toPlain(value, bound);
  if (typeof plain.json !== "object" || plain.json === null || Array.isArray(plain.json) || isMarked(plain)) {
    throw new ValidationError(`value must be an object with string keys, but got ${kindOf(value)}; wrap it in one.`);
  }
  const bytes = Buffer.from(JSON.stringify(plain.json));
  if (bytes.byteLength > bound.maxBytes) throw tooBig(`${bytes.byteLength}`, bound);
  return { typed: plain.typed, bytes };
}

/** A whole value that is itself a "~" form, such as a Map, is not an object with string keys. */
function isMarked(plain: { json: Json; typed: boolean }): boolean {
  if (!plain.typed) return false;
  const keys = Object.keys(plain.json as object);
  return keys.length === 1 && isTag(keys[0] as string);
}

/**
 * Decodes a stored value; each call returns a new copy.
 *
 * @throws {CodecError} when it is sealed and was not, or could not be, opened, and when its bytes are no value: the codec
 *   returned others than it was given, or something else wrote to the table.
 */
export function decodeValue(encoded: EncodedValue): Record<string, unknown> {
  if (!isReadable(encoded)) throw faultOf(encoded);
  const value = parsed(encoded);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw noValue(encoded);
}

/** The decoded value, or why it cannot be decoded. */
export function tryDecodeValue(encoded: EncodedValue): Record<string, unknown> | StoreError {
  try {
    return decodeValue(encoded);
  } catch (error) {
    if (isStoreError(error)) return error;
    throw error;
  }
}

function parsed(encoded: EncodedValue): unknown {
  try {
    const json = JSON.parse(toBuffer(encoded.bytes).toString("utf8")) as Json;
    return encoded.typed ? restore(json) : json;
  } catch (error) {
    if (isStoreError(error)) throw error;
    // Without its cause: a parser quotes what it cannot parse.
    throw noValue(encoded);
  }
}

function noValue({ stored, bytes }: EncodedValue): CodecError {
  const what =
    stored === undefined
      ? "A stored value is no JSON object: something else wrote to the table, or it was damaged. Write the item again, or delete it."
      : "The codec decoded a value to bytes that are not those it was given to encode. Check that `decode` reverts `encode`.";
  return new CodecError(what, { details: { bytes: bytes.byteLength } });
}

/** A detached copy of a value as it would be read back, for filters and texts that meet values before storing them. */
export function copyValue(value: unknown, bound: SizeBound): { readonly copy: unknown; readonly characters: number } {
  const { json, typed, characters } = toPlain(value, bound);
  return { copy: typed ? restore(json) : json, characters };
}

function toPlain(value: unknown, bound: SizeBound): { json: Json; typed: boolean; characters: number } {
  const walk: Walk = { path: [], open: [], typed: false, room: bound.maxBytes, bound };
  try {
    const json = plain(value, walk);
    return { json, typed: walk.typed, characters: bound.maxBytes - walk.room };
  } catch (error) {
    if (isStoreError(error)) throw error;
    // A getter, a toJSON or a proxy of the caller's own.
    throw refusal(walk, "a value whose reading throws", "store the plain data that you need of it", error);
  }
}

function tooBig(bytes: string, { maxBytes, option }: SizeBound): ValidationError {
  return new ValidationError(
    `value is ${bytes} bytes long as JSON; at most ${maxBytes} are taken (${option}): split it over several ` +
      "items, or keep large content elsewhere and its address here.",
  );
}

/** Refuses what has no room before anything is made of it. */
function checkRoom(walk: Walk, characters: number): void {
  if (characters > walk.room) throw tooBig(`more than ${walk.bound.maxBytes}`, walk.bound);
}

function take(walk: Walk, characters: number): void {
  checkRoom(walk, characters);
  walk.room -= characters;
}

function plain(value: unknown, walk: Walk): Json {
  take(walk, typeof value === "string" ? value.length + 1 : 1);
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw refusal(walk, "text with a lone surrogate", "replace it by toWellFormed()");
      return value;
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : mark(walk, "number", numberText(value));
    case "bigint":
      return mark(walk, "bigint", digitsOf(value, walk));
    case "undefined":
      return mark(walk, "undefined", true);
    case "object":
      return value === null ? null : nested(value, walk);
    default:
      throw refusal(walk, `a ${typeof value}`, "leave it out");
  }
}

function nested(value: object, walk: Walk): Json {
  if (walk.open.includes(value)) throw refusal(walk, "a reference to an object that contains it", "store its key instead");
  if (walk.open.length >= MAX_DEPTH) throw refusal(walk, `an object nested deeper than ${MAX_DEPTH}`, "flatten it");
  walk.open.push(value);
  const json = ofObject(value, walk);
  walk.open.pop();
  return json;
}

function ofObject(value: object, walk: Walk): Json {
  // Most objects are plain: the other questions cost as much as all the rest.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype && !hasToJson(value)) return ofProperties(value, walk);
  if (Array.isArray(value)) return ofElements(value, walk);
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw refusal(walk, "an invalid Date", "store null or a valid one");
    return mark(walk, "date", value.toISOString());
  }
  if (value instanceof Uint8Array) {
    take(walk, Math.ceil(value.byteLength / 3) * 4);
    return mark(walk, "bytes", toBuffer(value).toString("base64"));
  }
  if (value instanceof Map) {
    checkRoom(walk, value.size);
    return mark(walk, "map", ofEntries(value, walk));
  }
  if (value instanceof Set) {
    checkRoom(walk, value.size);
    return mark(walk, "set", ofElements([...value], walk));
  }
  if (hasToJson(value)) return plain(value.toJSON(), walk);
  if (Object.prototype.toString.call(value) !== "[object Object]") {
    throw refusal(walk, `a value of kind ${kindOf(value)}`, "store the plain data that you need of it");
  }
  return ofProperties(value, walk);
}

function ofElements(elements: readonly unknown[], walk: Walk): Json[] {
  const { length } = elements;
  checkRoom(walk, length);
  const json: Json[] = [];
  // By position: a hole counts as undefined.
  for (let i = 0; i < length; i += 1) json.push(at(walk, i, elements[i]));
  return json;
}

function ofEntries(map: ReadonlyMap<unknown, unknown>, walk: Walk): Json[] {
  const json: Json[] = [];
  for (const [key, element] of map) json.push([at(walk, ~json.length, key), at(walk, json.length, element)]);
  return json;
}

function digitsOf(value: bigint, walk: Walk): string {
  if (value >= BIGINT_BOUND || value <= -BIGINT_BOUND) {
    throw refusal(walk, `a bigint of more than ${MAX_BIGINT_DIGITS} digits`, "store it as bytes");
  }
  const digits = value.toString();
  take(walk, digits.length);
  return digits;
}

function hasToJson(value: object): value is { toJSON: () => unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}

function ofProperties(value: object, walk: Walk): Json {
  const symbols = Object.getOwnPropertySymbols(value);
  if (symbols.length > 0 && symbols.some((symbol) => Object.prototype.propertyIsEnumerable.call(value, symbol))) {
    throw refusal(walk, "a property named by a symbol", "name it by a string");
  }
  const json: Record<string, Json> = {};
  const keys = Object.keys(value);
  checkRoom(walk, keys.length);
  for (const key of keys) {
    if (key === "__proto__") throw refusal(walk, 'a property named "__proto__"', "rename it");
    if (!key.isWellFormed()) throw refusal(walk, "a property name with a lone surrogate", "rename it");
    take(walk, key.length);
    json[key] = at(walk, key, (value as Record<string, unknown>)[key]);
  }
  const [only] = keys.length === 1 ? keys : [];
  if (only === undefined || !only.startsWith(MARK)) return json;
  // Only within a typed value would this object be taken for a "~" form; so it makes the value typed and is escaped.
  walk.typed = true;
  return { [MARK + only]: json[only] as Json };
}

function at(walk: Walk, step: string | number, value: unknown): Json {
  walk.path.push(step);
  const json = plain(value, walk);
  walk.path.pop();
  return json;
}

function mark(walk: Walk, tag: string, json: Json): Json {
  walk.typed = true;
  return { [MARK + tag]: json };
}

function numberText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function refusal(walk: Walk, what: string, fix: string, cause?: unknown): ValidationError {
  const path = `value${walk.path.map(shownStep).join("")}`;
  return new ValidationError(`${path} is ${what}, which cannot be stored: ${fix}. Nothing was saved.`, { cause });
}

function shownStep(step: string | number): string {
  if (typeof step === "string") return `.${step}`;
  return step < 0 ? `.key ${~step}` : `[${step}]`;
}

function isTag(key: string): boolean {
  return key.startsWith(MARK) && !key.startsWith(MARK + MARK);
}

/** What JSON stands for; in place, as nobody else has it and most of it stays. */
function restore(json: Json): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return restoreElements(json);
  const keys = Object.keys(json);
  const only = keys.length === 1 ? (keys[0] as string) : "";
  if (isTag(only)) return restoreTag(only.slice(MARK.length), json[only] as Json);
  if (only.startsWith(MARK)) return { [only.slice(MARK.length)]: restore(json[only] as Json) };
  const fields: Record<string, unknown> = json;
  for (const key of keys) {
    const restored = restore(json[key] as Json);
    if (restored !== json[key]) fields[key] = restored;
  }
  return fields;
}

function restoreElements(json: Json[]): unknown[] {
  const elements: unknown[] = json;
  for (const [i, element] of json.entries()) {
    if (typeof element === "object") elements[i] = restore(element);
  }
  return elements;
}

function restoreTag(tag: string, json: Json): unknown {
  switch (tag) {
    case "number":
      return Number(json);
    case "bigint":
      return BigInt(json as string);
    case "undefined":
      return undefined;
    case "date":
      return new Date(json as string);
    case "bytes":
      return new Uint8Array(Buffer.from(json as string, "base64"));
    case "map":
      return new Map(restoreElements(json as Json[]) as [unknown, unknown][]);
    case "set":
      return new Set(restoreElements(json as Json[]));
    default:
      throw new ValidationError(`A stored value holds a form "~${tag}" that this version does not know; upgrade it.`);
  }
}
