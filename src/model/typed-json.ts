/**
 * Values as JSON. Types beyond JSON (`Date`, `Map`, `Set`, `Uint8Array`, `bigint`, `undefined`, NaN, ±Infinity, -0) become an object
 * with one key that begins with "~", such as `{"~date":"2026-01-01T00:00:00.000Z"}`; a user's own object of that form has its key
 * escaped as "~~…". The format is our own because records outlive libraries.
 */
import { isBytes, isDate, isMap, isSet } from "./realms.ts";
import { toBuffer } from "./bytes.ts";
import { isStoreError, kindOf, ValidationError } from "./errors.ts";

/** Most digits of a bigint: conversion from and to digits has quadratic cost. */
const MAX_BIGINT_DIGITS = 2_048;

const BIGINT_BOUND = 10n ** BigInt(MAX_BIGINT_DIGITS);

/** Deepest nesting of a value: recursion over deeper ones could overflow the stack, here and in code that reads them. */
export const MAX_DEPTH = 200;

const MARK = "~";

/** A value as JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** State of one walk: the path so far, the objects on it, and whether a "~" form was needed. */
interface Walk {
  /** Names and positions; `~i` is the key of the map entry at position i. */
  readonly path: (string | number)[];
  /** Enclosing objects, outermost first; a list, because it is usually short. */
  readonly open: object[];
  typed: boolean;
  /** Remaining characters of JSON: a small object with many references to shared objects may be huge as JSON. */
  remaining: number;
  readonly bound: SizeBound;
}

/** Bound of the size of a value as JSON, and the option that sets it. */
export interface SizeBound {
  readonly maxBytes: number;
  readonly option: string;
}

/** Returns a copy of a value as it would be after encoding and decoding, for filters and texts of values that are not stored yet. */
export function copyValue(value: unknown, bound: SizeBound): { readonly copy: unknown; readonly characters: number } {
  const { json, typed, characters } = toTypedJson(value, bound);
  return { copy: typed ? restore(json) : json, characters };
}

/** Converts a value to JSON, in which types beyond JSON are "~" forms. */
export function toTypedJson(value: unknown, bound: SizeBound): { json: Json; typed: boolean; characters: number } {
  const walk: Walk = { path: [], open: [], typed: false, remaining: bound.maxBytes, bound };
  try {
    const json = toJson(value, walk);
    return { json, typed: walk.typed, characters: bound.maxBytes - walk.remaining };
  } catch (error) {
    if (isStoreError(error)) throw error;
    // A getter, a toJSON method or a proxy of the caller.
    throw refusal(walk, "a value whose reading throws", "store the plain data that you need", error);
  }
}

/** The error of a value that is too big as JSON. */
export function tooBig(bytes: string, { maxBytes, option }: SizeBound): ValidationError {
  return new ValidationError(
    `value is ${bytes} bytes long as JSON; at most ${maxBytes} are allowed (${option}): split it over several ` +
      "items, or store large content elsewhere and its address here.",
  );
}

/** Rejects input that does not fit before it is processed. */
function checkFits(walk: Walk, characters: number): void {
  if (characters > walk.remaining) throw tooBig(`more than ${walk.bound.maxBytes}`, walk.bound);
}

function consume(walk: Walk, characters: number): void {
  checkFits(walk, characters);
  walk.remaining -= characters;
}

function toJson(value: unknown, walk: Walk): Json {
  consume(walk, typeof value === "string" ? value.length + 1 : 1);
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw refusal(walk, "text with a lone surrogate", "replace it by toWellFormed()");
      return value;
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : mark(walk, "~number", numberText(value));
    case "bigint":
      return mark(walk, "~bigint", digitsOf(value, walk));
    case "undefined":
      return mark(walk, "~undefined", true);
    case "object":
      return value === null ? null : nestedToJson(value, walk);
    default:
      throw refusal(walk, `a ${typeof value}`, "omit it");
  }
}

function nestedToJson(value: object, walk: Walk): Json {
  if (walk.open.includes(value)) throw refusal(walk, "a reference to an object that contains it", "store its key instead");
  if (walk.open.length >= MAX_DEPTH) throw refusal(walk, `an object nested deeper than ${MAX_DEPTH}`, "flatten it");
  walk.open.push(value);
  const json = ofObject(value, walk);
  walk.open.pop();
  return json;
}

function ofObject(value: object, walk: Walk): Json {
  // Most objects are plain; the other checks would double the cost.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype && !hasToJson(value)) return ofProperties(value, walk);
  if (Array.isArray(value)) return ofElements(value, walk);
  if (isDate(value)) {
    if (Number.isNaN(value.getTime())) throw refusal(walk, "an invalid Date", "store null or a valid one");
    return mark(walk, "~date", value.toISOString());
  }
  if (isBytes(value)) {
    consume(walk, Math.ceil(value.byteLength / 3) * 4);
    return mark(walk, "~bytes", toBuffer(value).toString("base64"));
  }
  if (isMap(value)) {
    checkFits(walk, value.size);
    return mark(walk, "~map", ofEntries(value, walk));
  }
  if (isSet(value)) {
    checkFits(walk, value.size);
    return mark(walk, "~set", ofElements([...value], walk));
  }
  if (hasToJson(value)) return toJson(value.toJSON(), walk);
  if (Object.prototype.toString.call(value) !== "[object Object]") {
    throw refusal(walk, `a value of kind ${kindOf(value)}`, "store the plain data that you need");
  }
  return ofProperties(value, walk);
}

function ofElements(elements: readonly unknown[], walk: Walk): Json[] {
  const { length } = elements;
  checkFits(walk, length);
  const json: Json[] = [];
  // By position, so that a hole counts as undefined.
  for (let i = 0; i < length; i += 1) json.push(memberToJson(walk, i, elements[i]));
  return json;
}

function ofEntries(map: ReadonlyMap<unknown, unknown>, walk: Walk): Json[] {
  const json: Json[] = [];
  for (const [key, element] of map) json.push([memberToJson(walk, ~json.length, key), memberToJson(walk, json.length, element)]);
  return json;
}

function digitsOf(value: bigint, walk: Walk): string {
  if (value >= BIGINT_BOUND || value <= -BIGINT_BOUND) {
    throw refusal(walk, `a bigint of more than ${MAX_BIGINT_DIGITS} digits`, "store it as bytes");
  }
  const digits = value.toString();
  consume(walk, digits.length);
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
  checkFits(walk, keys.length);
  for (const key of keys) {
    if (key === "__proto__") throw refusal(walk, 'a property named "__proto__"', "rename it");
    if (!key.isWellFormed()) throw refusal(walk, "a property name with a lone surrogate", "rename it");
    consume(walk, key.length);
    json[key] = memberToJson(walk, key, (value as Record<string, unknown>)[key]);
  }
  const [only] = keys.length === 1 ? keys : [];
  if (only === undefined || !only.startsWith(MARK)) return json;
  // In a typed value this object would be read as a "~" form, so it is escaped and makes the value typed.
  walk.typed = true;
  return { [MARK + only]: json[only] as Json };
}

function memberToJson(walk: Walk, step: string | number, value: unknown): Json {
  walk.path.push(step);
  const json = toJson(value, walk);
  walk.path.pop();
  return json;
}

/** Returns a "~" form. The whole key is given, because a text that is joined for each value takes longer than the rest. */
function mark(walk: Walk, key: `~${string}`, json: Json): Json {
  walk.typed = true;
  return { [key]: json };
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

/** Whether a key is that of a "~" form. */
export function isTag(key: string): boolean {
  return key.startsWith(MARK) && !key.startsWith(MARK + MARK);
}

/** Restores the types in decoded JSON. Modifies it in place, because it is not shared and most of it is unchanged. */
export function restore(json: Json): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return restoreElements(json);
  const keys = Object.keys(json);
  const only = keys.length === 1 ? (keys[0] as string) : "";
  if (isTag(only)) return restoreTag(only, json[only] as Json);
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

function restoreTag(key: string, json: Json): unknown {
  switch (key) {
    case "~number":
      return Number(json);
    case "~bigint":
      return BigInt(json as string);
    case "~undefined":
      return undefined;
    case "~date":
      return new Date(json as string);
    case "~bytes":
      return new Uint8Array(Buffer.from(json as string, "base64"));
    case "~map":
      return new Map(restoreElements(json as Json[]) as [unknown, unknown][]);
    case "~set":
      return new Set(restoreElements(json as Json[]));
    default:
      throw new ValidationError(`A stored value contains the type "${key}", which this version does not know: upgrade this process.`);
  }
}
