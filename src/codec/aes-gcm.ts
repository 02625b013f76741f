/**
 * AES-256-GCM for values. What is stored: one byte of format, one byte for the length of the key's id, the id, a nonce of
 * 12 random bytes, the ciphertext, a tag of 16 bytes. All that a {@link CodecContext} holds is authenticated with it, so
 * that a value that was moved to another item, or to another version, kind or time of the same item, does not decrypt.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { toBuffer } from "../model/bytes.ts";
import { CodecError, ConfigurationError, kindOf } from "../model/errors.ts";
import type { Codec, CodecContext } from "../ports/codec.ts";

/** A key of 32 bytes: as they are, in base64 or base64url, or a secret reference to these. */
export type AesKey = Uint8Array | string;

/** Which keys there are. */
export interface AesGcmOptions {
  /**
   * Keys by their ids. An id is stored with every value, so it says nothing secret and never names another key; a key
   * stays here for as long as values are stored under it.
   */
  readonly keys: Readonly<Record<string, AesKey>>;
  /** Id of the key that values are written with from now on. */
  readonly current: string;
  /**
   * Whether values that were stored without encryption are read: for the time until all are written again.
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
 * A codec that encrypts values with AES-256-GCM. To rotate, add a key, make it the current one in every process once all
 * of them have it, and drop the old one when no value is stored under it any more.
 *
 * @throws {ConfigurationError} when a key is not of 32 bytes or the current one is missing; the message never shows a key.
 */
export function aesGcmCodec({ keys, current, acceptUnencrypted = false }: AesGcmOptions): Codec {
  const ids = Object.keys(keys);
  if (!Object.hasOwn(keys, current)) {
    const known = ids.length === 0 ? "there are none" : ids.join(", ");
    throw new ConfigurationError(`aesGcmCodec: current is ${JSON.stringify(current)}, which is none of its keys: ${known}.`);
  }
  const secrets = new Map<string, KeyObject>();
  const references = new Map<string, string>();
  for (const [id, key] of Object.entries(keys)) {
    if (typeof key === "string" && key.includes("://")) references.set(id, key);
    else secrets.set(id, secretOf(id, key));
  }
  return {
    acceptUnencrypted,
    async start(follow) {
      const followed = await Promise.all(
        [...references].map(async ([id, reference]) => [id, secretOf(id, await follow(reference, `codec.keys.${id}`))] as const),
      );
      // All or none: a store may be using those of before.
      for (const [id, secret] of followed) secrets.set(id, secret);
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
      ? `The key ${name} of aesGcmCodec is a secret reference, which is followed when a store with this codec starts.`
      : `A value was encrypted with the key ${name}, which aesGcmCodec was not given: add it to keys.`,
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
    throw new CodecError("A stored value is not of the form that aesGcmCodec writes: another codec or another version of this package wrote it.");
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
      `A value could not be decrypted with the key ${JSON.stringify(keyId)}: the key is not the one that it was written ` +
        "with, or the value or the times, version or kind of its record were changed, or it was copied here from another record.",
      { cause, details: { keyId } },
    );
  }
}

function headOf(keyId: string): Buffer {
  const id = Buffer.from(keyId);
  return Buffer.concat([Buffer.of(FORMAT, id.byteLength), id]);
}

/** Differs for any two records: JSON keeps labels, key and numbers apart. */
function authenticated(head: Buffer, context: CodecContext): Buffer {
  const { namespace, key, kind, created, version, writeId, expiresAt, ttlMs } = context;
  return Buffer.concat([head, Buffer.from(JSON.stringify([namespace, key, kind, created, version, writeId, expiresAt, ttlMs]))]);
}

function secretOf(id: string, key: AesKey): KeyObject {
  if (id === "" || Buffer.byteLength(id) > LONGEST_ID || !id.isWellFormed()) {
    throw new ConfigurationError(`aesGcmCodec: a key's id must be a text of 1 to ${LONGEST_ID} bytes.`);
  }
  const bytes = typeof key === "string" ? fromBase64(key) : key;
  if (bytes instanceof Uint8Array && bytes.byteLength === KEY_BYTES) return createSecretKey(bytes);
  const given = bytes instanceof Uint8Array ? `${bytes.byteLength} bytes` : kindOf(key);
  throw new ConfigurationError(
    `aesGcmCodec: the key ${JSON.stringify(id)} must be ${KEY_BYTES} bytes, or those in base64, but is ${given}; ` +
      '`openssl rand -base64 32` makes one.',
  );
}

function fromBase64(text: string): Uint8Array | null {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text.trim()) ? Buffer.from(text.trim(), "base64") : null;
}
