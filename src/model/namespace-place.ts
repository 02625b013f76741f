/**
 * The place of a namespace: its path in a form whose order by UTF-8 bytes, as in databases, equals the order of
 * `comparePaths`, as in listings. The separator becomes U+0000, below every character of a label, and the characters that
 * UTF-16 orders after all surrogates, U+E000 to U+FFFF, are prefixed by the greatest code point. Places are injective, and
 * the namespaces at or below a path form one range of places.
 */
import { ROOT, SEPARATOR } from "./namespace-path.ts";

/** Where to start among namespaces in label order: at a path, after it, or past it and everything below it. */
export interface NamespaceStart {
  readonly path: string;
  readonly from: "at" | "after" | "past";
}

/** A range of places, excluding its end. */
export interface PlaceRange {
  readonly from: string;
  readonly to: string;
}

const PLACE_SEPARATOR = "\u0000";
/** Escapes the characters equal to the separator and to itself. */
const LOW_ESCAPE = "\u0001";
/** Escapes the characters that sort after all others. */
const HIGH_ESCAPE = "\u{10FFFF}";
/** The first UTF-16 code unit of {@link HIGH_ESCAPE}. */
const HIGH_SURROGATE = 0xdbff;
/** The first character that UTF-16 orders after all surrogates. */
const FIRST_HIGH = 0xe000;
/** Greater than every place: the character after an escape in a place is always less. */
const BEHIND_ALL = HIGH_ESCAPE + HIGH_ESCAPE;

/** Largest ratio of the length of a place to the length of its path, in bytes. */
export const MAX_PLACE_GROWTH = 7 / 3;

/** Returns the place of a path. */
export function toPlace(path: string): string {
  if (isPlain(path)) return path.replaceAll(SEPARATOR, PLACE_SEPARATOR);
  let place = "";
  for (const character of path) place += escaped(character);
  return place;
}

/** Returns the path of a place; the inverse of {@link toPlace}. */
export function fromPlace(place: string): string {
  if (!hasEscapes(place)) return place.replaceAll(PLACE_SEPARATOR, SEPARATOR);
  let path = "";
  let escape = "";
  for (const character of place) {
    if (escape !== "") {
      path += unescaped(escape, character);
      escape = "";
    } else if (character === LOW_ESCAPE || character === HIGH_ESCAPE) {
      escape = character;
    } else {
      path += character === PLACE_SEPARATOR ? SEPARATOR : character;
    }
  }
  return path;
}

/** Returns the range of places at or below a prefix, beginning at a start; null starts at the prefix itself. */
export function placesWithin(prefix: string, start: NamespaceStart | null): PlaceRange {
  const to = prefix === ROOT ? BEHIND_ALL : toPlace(prefix) + LOW_ESCAPE;
  if (start === null) return { from: toPlace(prefix), to };
  const place = toPlace(start.path);
  // The least place after a place is that place plus a separator; all places below it begin so.
  if (start.from === "at") return { from: place, to };
  return { from: place + (start.from === "after" ? PLACE_SEPARATOR : LOW_ESCAPE), to };
}

function isPlain(path: string): boolean {
  for (let i = 0; i < path.length; i += 1) {
    const unit = path.charCodeAt(i);
    if (unit < 2 || unit >= FIRST_HIGH || unit === HIGH_SURROGATE) return false;
  }
  return true;
}

function hasEscapes(place: string): boolean {
  return place.includes(LOW_ESCAPE) || place.includes(HIGH_ESCAPE);
}

function escaped(character: string): string {
  if (character === SEPARATOR) return PLACE_SEPARATOR;
  if (character === PLACE_SEPARATOR) return LOW_ESCAPE + ESCAPED_NUL;
  if (character === LOW_ESCAPE) return LOW_ESCAPE + ESCAPED_LOW;
  if (character === HIGH_ESCAPE) return HIGH_ESCAPE + LOW_ESCAPE;
  return character.length === 1 && character.charCodeAt(0) >= FIRST_HIGH ? HIGH_ESCAPE + character : character;
}

function unescaped(escape: string, character: string): string {
  if (escape === LOW_ESCAPE) return character === ESCAPED_NUL ? PLACE_SEPARATOR : LOW_ESCAPE;
  return character === LOW_ESCAPE ? HIGH_ESCAPE : character;
}

const ESCAPED_NUL = "\u0001";
const ESCAPED_LOW = "\u0002";
