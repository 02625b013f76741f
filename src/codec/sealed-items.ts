/** An item repository that encodes values by a codec when they are written, and decodes them when they are read. */
import { Deadline } from "../concurrency/deadline.ts";
import { rejected } from "../concurrency/outcomes.ts";
import { CodecError, isStoreError, kindOf, messageOf, type StoreError } from "../model/errors.ts";
import type { ItemRecord, LiveRecord } from "../model/item.ts";
import { toLabels } from "../model/namespace.ts";
import type { EncodedValue } from "../model/value-codec.ts";
import type { Codec, CodecContext } from "../ports/codec.ts";
import { override } from "../ports/decorate.ts";
import { ITEM_REPOSITORY_INPUTS, type ItemRepository } from "../ports/item-repository.ts";
import { isBytes } from "../model/realms.ts";

/** Share of the remaining time budget that a codec may use. */
const CODEC_SHARE = 0.5;

/** Timeout of a codec in calls without a deadline, milliseconds. */
const BACKGROUND_MS = 30_000;

/**
 * Wraps a repository with a codec. A value that cannot be decoded carries the error and fails only its own operation. A value that
 * was stored without a codec counts as such, unless the codec accepts these.
 */
export function sealItems(items: ItemRepository, codec: Codec): ItemRepository {
  const openAll = <Found extends ItemRecord>(records: readonly Found[], deadline: Deadline | undefined): Promise<Found[]> => {
    const part = partOf(deadline);
    return Promise.all(records.map((record) => opened(record, codec, part)));
  };
  return override(items, ITEM_REPOSITORY_INPUTS, {
    get: async (ids, deadline) => {
      const records = await items.get(ids, deadline);
      const part = partOf(deadline);
      return Promise.all(records.map(async (record) => (record === null ? null : opened(record, codec, part))));
    },
    put: (records, deadline) => putSealed(items, codec, records, deadline),
    list: async (query, deadline) => {
      // Without the filter: whether a value can be read is known once the codec has decoded it.
      const page = await items.list({ ...query, filter: null }, deadline);
      return { ...page, records: await openAll<LiveRecord>(page.records, deadline) };
    },
    // `peek` is forwarded: its callers do not decode values.
    scan: async (after, limit, deadline) => {
      const page = await items.scan(after, limit, deadline);
      return { ...page, found: await openAll(page.found, deadline) };
    },
  });
}

/** The deadline of a codec: a codec that does not answer fails only the affected items. */
function partOf(deadline: Deadline | undefined): Deadline {
  return deadline?.part(CODEC_SHARE) ?? new Deadline(BACKGROUND_MS);
}

/** Encodes and writes records; a value that cannot be encoded fails only its own write. */
async function putSealed(items: ItemRepository, codec: Codec, records: readonly ItemRecord[], deadline?: Deadline): Promise<PromiseSettledResult<void>[]> {
  const part = partOf(deadline);
  const sealed = await Promise.allSettled(records.map((record) => sealedRecord(record, codec, part)));
  const ready = sealed.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const written = ready.length === 0 ? [] : await items.put(ready, deadline);
  let next = 0;
  return sealed.map((outcome) => {
    if (outcome.status === "rejected") return rejected(outcome.reason);
    next += 1;
    return written[next - 1] as PromiseSettledResult<void>;
  });
}

async function sealedRecord(record: ItemRecord, codec: Codec, deadline: Deadline): Promise<ItemRecord> {
  const { value } = record;
  // A value that was read from the database is written unchanged, and one that could not be decoded is not encoded again.
  if (value === null || value.isSealed || value.stored !== undefined || value.fault !== undefined) return record;
  const bytes = await through(() => codec.encode(value.bytes, contextOf(record, value)), "encode", deadline, "Nothing was saved.");
  return { ...record, value: { typed: value.typed, bytes, isSealed: true } };
}

async function opened<Found extends ItemRecord>(record: Found, codec: Codec, deadline: Deadline): Promise<Found> {
  const { value } = record;
  if (value === null || value.fault !== undefined) return record;
  if (!value.isSealed) return codec.acceptUnencrypted === true ? record : { ...record, value: { ...value, fault: unencrypted() } };
  return { ...record, value: await openedValue(value, codec, contextOf(record, value), deadline) };
}

async function openedValue(value: EncodedValue, codec: Codec, context: CodecContext, deadline: Deadline): Promise<EncodedValue> {
  try {
    const bytes = await through(() => codec.decode(value.bytes, context), "decode", deadline, "Other items are not affected.");
    return { typed: value.typed, bytes, stored: value.bytes };
  } catch (error) {
    return { ...value, fault: error as StoreError };
  }
}

/** Runs a step of the codec. Passes its store errors through, and wraps other errors in a `CodecError`. */
async function through(
  step: () => Uint8Array | Promise<Uint8Array>,
  verb: "encode" | "decode",
  deadline: Deadline,
  meaning: string,
): Promise<Uint8Array> {
  try {
    const result = step();
    // A synchronous result needs no timer.
    const bytes: unknown = isBytes(result) ? result : await deadline.wait(`The codec's ${verb}`, Promise.resolve(result), meaning);
    if (isBytes(bytes)) return bytes;
    throw new CodecError(`The codec must ${verb} a value to a Uint8Array, but returned ${kindOf(bytes)}. ${meaning}`);
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    throw new CodecError(`The codec could not ${verb} a value: ${messageOf(cause)} ${meaning}`, { cause });
  }
}

function unencrypted(): CodecError {
  return new CodecError(
    "A value was stored without the codec, and acceptUnencrypted is not set. If it was written before the codec was " +
      "configured, set acceptUnencrypted until it is rewritten; otherwise another program wrote to the database.",
  );
}

function contextOf(record: ItemRecord, value: EncodedValue): CodecContext {
  const { namespace, key, created, version, writeId, expiresAt, ttlMs } = record;
  return { namespace: toLabels(namespace), key, kind: value.typed ? "typed-json" : "json", created, version, writeId, expiresAt, ttlMs };
}
