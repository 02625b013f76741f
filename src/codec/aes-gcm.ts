/**
 * AES-256-GCM for values. Stored form: one byte format, one byte length of the key id, the id, a nonce of 12 random bytes,
 * the ciphertext, a tag of 16 bytes. All fields of the {@link CodecContext} are authenticated, so that a value that was
 * copied to another item, or whose version, kind or times were changed, does not decrypt.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { toBuffer } from "../model/bytes.ts";
import { CodecError, ConfigurationError, kindOf } from "../model/errors.ts";
import type { Codec, CodecContext } from "../ports/codec.ts";
import { isBytes } from "../model/realms.ts";

/** A key of 32 bytes: as bytes, in base64 or base64url, or a secret reference to such text. */
export type AesKey = Uint8Array | string;

/** Keys of the codec. */
export interface AesGcmOptions {
  /**
   * Keys by id. The id is stored with every value, so it must not be secret and must never be reused for another key. Keep a
   * key as long as values encrypted with it are stored.
   */
  readonly keys: Readonly<Record<string, AesKey>>;
  /** Id of the key that encrypts new values. */
  readonly current: string;
  /**
   * Whether values stored without encryption are returned. Use it until all values are rewritten.
   * @default false
   */
  readonly acceptUnencrypted?: boolean;
}

const FORMAT = 2;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const LONGEST_ID = 64;

/**
 * Returns a codec that encrypts values with AES-256-GCM. To rotate: add a key in every process, then make it the current one
 * in every process, and remove the old key once no value is encrypted with it.
 *
 * @throws {ConfigurationError} when a key does not have 32 bytes or the current one is missing; the message never shows a key.
 */
export function aesGcmCodec({ keys, current, acceptUnencrypted = false }: AesGcmOptions): Codec {
  const ids = Object.keys(keys);
  if (!Object.hasOwn(keys, current)) {
    const known = ids.length === 0 ? "none" : ids.join(", ");
    throw new ConfigurationError(`aesGcmCodec: current is ${JSON.stringify(current)}, but there is no such key. The keys are: ${known}.`);
  }
  const secrets = new Map<string, KeyObject>();
  const references = new Map<string, string>();
  for (const [id, key] of Object.entries(keys)) {
    if (typeof key === "string" && key.includes("://")) references.set(id, key);
    else secrets.set(id, secretOf(id, key));
  }
  return {
    acceptUnencrypted,
    async start(resolve) {
      const resolved = await Promise.all(
        [...references].map(async ([id, reference]) => [id, secretOf(id, await resolve(reference, `codec.keys.${id}`))] as const),
      );
      // All or none: a running store may be using the previous keys.
      for (const [id, secret] of resolved) secrets.set(id, secret);
    },
    encode: (bytes, context) => encrypt(bytes, current, secretFor(current, secrets, references), context),
    decode: (bytes, context) => decrypt(bytes, (id) => secretFor(id, secrets, references), context),
  };
}

function secretFor(id: string, secrets: ReadonlyMap<string, KeyObject>, references: ReadonlyMap<string, string>): KeyObject {
  const secret = secrets.get(id);
  if (secret !== undefined) return secret;
  const name = JSON.stringify(id);
  throw new CodecError(
    references.has(id)
      ? `The key ${name} of aesGcmCodec is a secret reference, which is resolved when a store with this codec starts.`
      : `A value was encrypted with the key ${name}, which aesGcmCodec does not have: add it to keys.`,
    { details: { keyId: id } },
  );
}

function encrypt(bytes: Uint8Array, keyId: string, secret: KeyObject, context: CodecContext): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const head = headOf(keyId);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(authenticated(head, context));
  const text = [cipher.update(bytes), cipher.final()];
  return Buffer.concat([head, nonce, ...text, cipher.getAuthTag()]);
}

function decrypt(bytes: Uint8Array, secretOfId: (id: string) => KeyObject, context: CodecContext): Uint8Array {
  const sealed = toBuffer(bytes);
  const idEnd = 2 + (sealed[1] ?? 0);
  if (sealed[0] !== FORMAT || sealed.byteLength < idEnd + NONCE_BYTES + TAG_BYTES) {
    throw new CodecError("A stored value does not have the format of aesGcmCodec: another codec or another version of this package wrote it.");
  }
  const keyId = sealed.toString("utf8", 2, idEnd);
  const secret = secretOfId(keyId);
  const textStart = idEnd + NONCE_BYTES;
  const textEnd = sealed.byteLength - TAG_BYTES;
  const decipher = createDecipheriv("aes-256-gcm", secret, sealed.subarray(idEnd, textStart), { authTagLength: TAG_BYTES })
    .setAAD(authenticated(sealed.subarray(0, idEnd), context))
    .setAuthTag(sealed.subarray(textEnd));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(textStart, textEnd)), decipher.final()]);
  } catch (cause) {
    throw new CodecError(
      `A value could not be decrypted with the key ${JSON.stringify(keyId)}: the key is wrong, or the value or the times, ` +
        "version or kind of its record were changed, or the value was copied from another record.",
      { cause, details: { keyId } },
    );
  }
}

function headOf(keyId: string): Buffer {
  const id = Buffer.from(keyId);
  return Buffer.concat([Buffer.of(FORMAT, id.byteLength), id]);
}

/** The authenticated data, which is different for any two records: JSON is injective on its fields. */
function authenticated(head: Buffer, context: CodecContext): Buffer {
  const { namespace, key, kind, created, version, writeId, expiresAt, ttlMs } = context;
  return Buffer.concat([head, Buffer.from(JSON.stringify([namespace, key, kind, created, version, writeId, expiresAt, ttlMs]))]);
}

function secretOf(id: string, key: AesKey): KeyObject {
  if (id === "" || Buffer.byteLength(id) > LONGEST_ID || !id.isWellFormed()) {
    throw new ConfigurationError(`aesGcmCodec: the id of a key must be a text of 1 to ${LONGEST_ID} bytes.`);
  }
  const bytes = typeof key === "string" ? fromBase64(key) : key;
  if (isBytes(bytes) && bytes.byteLength === KEY_BYTES) return createSecretKey(bytes);
  const given = isBytes(bytes) ? `${bytes.byteLength} bytes` : kindOf(key);
  throw new ConfigurationError(
    `aesGcmCodec: the key ${JSON.stringify(id)} must be ${KEY_BYTES} bytes, or ${KEY_BYTES} bytes in base64, but is ${given}. ` +
      '`openssl rand -base64 32` generates one.',
  );
}

function fromBase64(text: string): Uint8Array | null {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text.trim()) ? Buffer.from(text.trim(), "base64") : null;
}
