/** Namespaces by the million, loaded straight into the records: what puts would write of them, without intents and vectors. */
import { CqlBackend } from "../../../src/backends/cql/index.ts";
import { SqliteBackend } from "../../../src/backends/sqlite/index.ts";
import { newWriteId, type ItemRecord } from "../../../src/model/item.ts";
import { encodeValue } from "../../../src/model/value-codec.ts";
import type { ItemRepository } from "../../../src/ports/item-repository.ts";
import { silentLogger } from "../../../src/ports/logger.ts";
import type { ScaleConfig } from "./asker.ts";
import { DIMS, memory } from "../corpus.ts";

/** How the namespaces lie: below one root, or each below a root of its own. */
export type Shape = "one root" | "distinct roots";

/** Where they are stored. */
export type NamespaceTarget = { readonly servers: ScaleConfig } | { readonly path: string };

const RECORDS_A_PUT = 256;
const PUTS_AT_ONCE = 2;
const LIMITS = { maxValueBytes: 1_000_000 };

/** The nth namespace. */
function namespaceOf(shape: Shape, n: number): string[] {
  const label = `user-${(n * 2_654_435_761) % 4_294_967_296}-${n}`;
  return shape === "one root" ? ["users", label, "memories"] : [label, "memories"];
}

/** What all namespaces of a shape lie below. */
export function prefixOf(shape: Shape): string[] {
  return shape === "one root" ? ["users"] : [];
}

/**
 * Writes one item into each of the namespaces from `from` up to `to`, that excluded.
 *
 * @returns namespaces a second
 */
export async function loadNamespaces(
  target: NamespaceTarget,
  shape: Shape,
  { from, to }: { readonly from: number; readonly to: number },
  onProgress: (loaded: number) => void,
): Promise<number> {
  const backend = backendOf(target);
  await backend.start();
  const begun = performance.now();
  let next = from;
  const writer = async (): Promise<void> => {
    while (next < to) {
      const start = next;
      next = Math.min(start + RECORDS_A_PUT, to);
      await putAll(backend.items, Array.from({ length: next - start }, (_, i) => recordOf(shape, start + i)));
      onProgress(next);
    }
  };
  try {
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, writer));
  } finally {
    await backend.stop();
  }
  return (to - from) / ((performance.now() - begun) / 1_000);
}

function backendOf(target: NamespaceTarget): CqlBackend | SqliteBackend {
  if ("path" in target) return new SqliteBackend({ path: target.path, dims: DIMS });
  const { contactPoints, localDataCenter, keyspace, replication } = target.servers.cql;
  return new CqlBackend({ contactPoints, localDataCenter, keyspace, replication }, { setup: "auto", logger: silentLogger });
}

async function putAll(items: ItemRepository, records: readonly ItemRecord[]): Promise<void> {
  const outcomes = await items.put(records);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

/** The item of the nth namespace, as a put with one vector writes it. */
function recordOf(shape: Shape, n: number): ItemRecord {
  const version = Date.now() * 1_000 + (n % 1_000);
  return {
    namespace: namespaceOf(shape, n).join("."),
    key: "item",
    created: version,
    version,
    writeId: newWriteId(),
    index: undefined,
    vectorCount: 1,
    expiresAt: null,
    ttlMs: null,
    value: encodeValue(memory(n), LIMITS),
  };
}
