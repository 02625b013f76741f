/** Encodes the values of items as bytes: JSON, in which types beyond JSON have a form of their own, see `typed-json.ts`. */
import { toBuffer } from "./bytes.ts";
import { CodecError, isStoreError, kindOf, ValidationError, type StoreError } from "./errors.ts";
import { isTag, restore, tooBig, toTypedJson, type Json, type SizeBound } from "./typed-json.ts";

/** A stored value. */
export interface EncodedValue {
  /** Whether the JSON contains "~" forms and must be walked when it is decoded. */
  readonly typed: boolean;
  /** UTF-8 JSON; for a sealed value, the output of the `codec`. */
  readonly bytes: Uint8Array;
  /** Whether a `codec` must decode `bytes` first. */
  readonly isSealed?: boolean;
  /** Why the value cannot be decoded: the codec failed or does not accept it. */
  readonly fault?: StoreError;
  /** The stored bytes of a decoded value, so that an unchanged record is rewritten as it was. */
  readonly stored?: Uint8Array;
}

/** Whether a value can be decoded. */
export function isReadable({ isSealed, fault }: EncodedValue): boolean {
  return isSealed !== true && fault === undefined;
}

/** Why a value cannot be decoded. */
function faultOf({ fault }: EncodedValue): StoreError {
  return fault ?? new CodecError("The value was encoded by a codec, and this store has none: configure the `codec` that wrote it.");
}

/** Bounds of stored values. */
export interface ValueLimits {
  readonly maxValueBytes: number;
}

/**
 * Encodes the value of an item.
 *
 * @throws {ValidationError} naming the path and kind of a part that cannot be stored: functions, symbols, cycles, lone
 *   surrogates, objects whose content JSON would lose (errors, promises, …), and values that are too deep or too large.
 */
export function encodeValue(value: unknown, limits: ValueLimits): EncodedValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ValidationError(`value must be an object with string keys, but got ${kindOf(value)}; wrap it in one.`);
  }
  const bound: SizeBound = { maxBytes: limits.maxValueBytes, option: "limits.maxValueBytes" };
  const converted = toTypedJson(value, bound);
  if (typeof converted.json !== "object" || converted.json === null || Array.isArray(converted.json) || isMarked(converted)) {
    throw new ValidationError(`value must be an object with string keys, but got ${kindOf(value)}; wrap it in one.`);
  }
  const bytes = Buffer.from(JSON.stringify(converted.json));
  if (bytes.byteLength > bound.maxBytes) throw tooBig(`${bytes.byteLength}`, bound);
  return { typed: converted.typed, bytes };
}

/** Whether an entire value is a "~" form, such as a Map, and therefore not an object with string keys. */
function isMarked(converted: { json: Json; typed: boolean }): boolean {
  if (!converted.typed) return false;
  const keys = Object.keys(converted.json as object);
  return keys.length === 1 && isTag(keys[0] as string);
}

/**
 * Decodes a stored value; each call returns a new copy.
 *
 * @throws {CodecError} when the value is still sealed or could not be decoded by the codec, and when its bytes are not a
 *   value: the codec does not revert its encoding, or another program wrote to the table.
 */
export function decodeValue(encoded: EncodedValue): Record<string, unknown> {
  if (!isReadable(encoded)) throw faultOf(encoded);
  const value = parsed(encoded);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw noValue(encoded);
}

/** Returns the decoded value, or the error. */
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
    // Without the cause, because the parser quotes the text.
    throw noValue(encoded);
  }
}

function noValue({ stored, bytes }: EncodedValue): CodecError {
  const what =
    stored === undefined
      ? "A stored value is not a JSON object: another program wrote to the table, or the value is damaged. Write the item again, or delete it."
      : "The codec decoded a value to bytes that differ from the encoded ones. Check that `decode` reverts `encode`.";
  return new CodecError(what, { details: { bytes: bytes.byteLength } });
}
