/** Compares every item of a source with what is stored. */
import { decodeValue, isReadable, type EncodedValue } from "../model/value-codec.ts";
import { canonicalText } from "../model/canonical-text.ts";
import { isLive } from "../model/item.ts";
import { toLabels } from "../model/namespace.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import type { SourceItem } from "./source-item.ts";
import type { ImportedItem } from "./export-format.ts";

/** What a verification found. */
export interface ImportVerification {
  /** Items of the source that were compared: those that have not expired. */
  readonly compared: number;
  /** Those that are stored with the same value. */
  readonly equal: number;
  /** Those that are not stored, or expired since. */
  readonly missing: number;
  /** Those of which another value is stored. */
  readonly different: number;
  /** The first of the missing and the different. */
  readonly examples: readonly { readonly namespace: readonly string[]; readonly key: string; readonly problem: "missing" | "different" }[];
}

const BATCH = 100;
const EXAMPLES = 100;

/** Reads the source again and compares. */
export async function verifyImport({ items }: OperatorDependencies, source: AsyncIterable<SourceItem>): Promise<ImportVerification> {
  const counts = { compared: 0, equal: 0, missing: 0, different: 0 };
  const examples: { namespace: string[]; key: string; problem: "missing" | "different" }[] = [];
  const compare = async (batch: readonly ImportedItem[]): Promise<void> => {
    const stored = await items.get(batch.map(({ namespace, key }) => ({ namespace, key })));
    const now = Date.now();
    batch.forEach(({ namespace, key, value }, i) => {
      const record = stored[i] ?? null;
      counts.compared += 1;
      const verdict = !isLive(record, now) ? "missing" : isEqual(value, record.value) ? "equal" : "different";
      counts[verdict] += 1;
      if (verdict !== "equal" && examples.length < EXAMPLES) examples.push({ namespace: toLabels(namespace), key, problem: verdict });
    });
  };
  let batch: ImportedItem[] = [];
  for await (const each of source) {
    if ("item" in each && !isExpired(each.item)) batch.push(each.item);
    if (batch.length < BATCH) continue;
    await compare(batch);
    batch = [];
  }
  if (batch.length > 0) await compare(batch);
  return { ...counts, examples };
}

function isExpired({ expiry }: ImportedItem): boolean {
  return expiry !== null && expiry.expiresAt !== null && expiry.expiresAt <= Date.now();
}

function isEqual(a: EncodedValue, b: EncodedValue): boolean {
  if (!isReadable(b)) return false;
  if (Buffer.compare(a.bytes, b.bytes) === 0) return true;
  // Postgres changes the order of the fields of an object.
  const maxLength = 8 * (a.bytes.byteLength + b.bytes.byteLength) + 1_000;
  return canonicalText(decodeValue(a), maxLength) === canonicalText(decodeValue(b), maxLength);
}
