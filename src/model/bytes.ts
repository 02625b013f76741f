/** Returns the same bytes as a buffer, without a copy. Bytes from a database already are buffers. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Shorter JSON texts take little memory, however many values they hold. */
const SHORT_JSON = 4 * 1024;

/**
 * What V8 allocates, by measurement: 40 to 64 bytes for an empty object or array, up to 16 for an element. A property takes 8 bytes in
 * objects of equal shape, and about 60 in an object of many.
 */
const BYTES_OF_CONTAINER = 40;
const BYTES_OF_ELEMENT = 16;
const BYTES_OF_PROPERTY = 24;

const [QUOTE, BACKSLASH, COMMA, COLON, OPEN_ARRAY, OPEN_OBJECT] = [0x22, 0x5c, 0x2c, 0x3a, 0x5b, 0x7b];

/** Returns about how many bytes a JSON text takes in memory once it is parsed: `[[],[],…]` takes 13 times its length. */
export function parsedBytes(json: Uint8Array): number {
  const { length } = json;
  if (length <= SHORT_JSON) return length;
  let bytes = length;
  for (let i = 0; i < length; i += 1) {
    const byte = json[i];
    if (byte === QUOTE) i = endOfText(json, i);
    else if (byte === COMMA) bytes += BYTES_OF_ELEMENT;
    else if (byte === COLON) bytes += BYTES_OF_PROPERTY;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) bytes += BYTES_OF_CONTAINER;
  }
  return bytes;
}

/** Returns the position of the quote that ends the text whose first quote is at `start`; the length if there is none. */
function endOfText(json: Uint8Array, start: number): number {
  for (let end = start; ; ) {
    end = json.indexOf(QUOTE, end + 1);
    if (end < 0) return json.length;
    let backslashes = 0;
    while (json[end - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
}
