/** Records whose values go through a codec: sealed when they are written, opened when they are read. */
import { Deadline } from "../concurrency/deadline.ts";
import { rejected } from "../concurrency/outcomes.ts";
import { CodecError, isStoreError, kindOf, messageOf, type StoreError } from "../model/errors.ts";
import type { ItemRecord, LiveRecord } from "../model/item.ts";
import { toLabels } from "../model/namespace.ts";
import type { EncodedValue } from "../model/value-codec.ts";
import type { Codec, CodecContext } from "../ports/codec.ts";
import { override } from "../ports/decorate.ts";
import { ITEM_REPOSITORY_INPUTS, type ItemRepository } from "../ports/item-repository.ts";

/** Of the time that is left, the share that a codec has; the rest is for the items that it answers for. */
const CODEC_SHARE = 0.5;

/** The time that a codec has where no caller waits, milliseconds. */
const BACKGROUND_MS = 30_000;

/**
 * Records with a codec before them. A value that cannot be opened carries the reason, and fails its own operation only;
 * so does one that was stored without a codec, unless the codec accepts these.
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
      const page = await items.list(query, deadline);
      return { ...page, records: await openAll<LiveRecord>(page.records, deadline) };
    },
    // `peek` is forwarded: it shows only that there is a value, which stays sealed.
    scan: async (after, limit, deadline) => {
      const page = await items.scan(after, limit, deadline);
      return { ...page, found: await openAll(page.found, deadline) };
    },
  });
}

/** Bounds what a codec may take: one that does not answer fails the items that it was asked for, and no others. */
function partOf(deadline: Deadline | undefined): Deadline {
  return deadline?.part(CODEC_SHARE) ?? new Deadline(BACKGROUND_MS);
}

/** One value that cannot be sealed fails its own write only. */
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
  // What was read from the database goes back as it was, and what could not be opened is not sealed a second time.
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
    const bytes = await through(() => codec.decode(value.bytes, context), "decode", deadline, "The other items are not concerned.");
    return { typed: value.typed, bytes, stored: value.bytes };
  } catch (error) {
    return { ...value, fault: error as StoreError };
  }
}

/** The codec's own errors of the store's family stand as they are; others are told as its failure. */
async function through(
  step: () => Uint8Array | Promise<Uint8Array>,
  verb: "encode" | "decode",
  deadline: Deadline,
  meaning: string,
): Promise<Uint8Array> {
  try {
    const result = step();
    // One that answers at once needs no timer.
    const bytes: unknown = result instanceof Uint8Array ? result : await deadline.wait(`The codec's ${verb}`, Promise.resolve(result), meaning);
    if (bytes instanceof Uint8Array) return bytes;
    throw new CodecError(`The codec must ${verb} a value to a Uint8Array, but gave ${kindOf(bytes)}. ${meaning}`);
  } catch (cause) {
    if (isStoreError(cause)) throw cause;
    throw new CodecError(`The codec could not ${verb} a value: ${messageOf(cause)} ${meaning}`, { cause });
  }
}

function unencrypted(): CodecError {
  return new CodecError(
    "A value was stored without the codec, and the codec does not accept that. If it was written before the codec was " +
      "configured, set acceptUnencrypted until it is written again; otherwise something else wrote to the database.",
  );
}

function contextOf(record: ItemRecord, value: EncodedValue): CodecContext {
  const { namespace, key, created, version, writeId, expiresAt, ttlMs } = record;
  return { namespace: toLabels(namespace), key, kind: value.typed ? "typed-json" : "json", created, version, writeId, expiresAt, ttlMs };
}
