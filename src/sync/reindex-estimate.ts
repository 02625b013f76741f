/** What a reindex would do. */
import type { Indexing } from "../core/indexing.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import { textsOfRecords } from "./index-fill.ts";
import type { ReindexOptions, ReindexReport } from "./reindex-report.ts";

/** Texts that are embedded to measure the provider. */
const SAMPLE = 32;

const RECORDS_A_PAGE = 256;

/** Counts the records and their texts, and estimates how long their embedding takes. Embeds only a sample. */
export async function estimate(items: ItemRepository, indexing: Indexing, { textsPerSecond, signal, onProgress }: ReindexOptions): Promise<ReindexReport> {
  const counts = { records: 0, items: 0, texts: 0, failed: 0, unreadable: 0 };
  const sample: string[] = [];
  let after: string | null = null;
  do {
    signal?.throwIfAborted();
    const page: Awaited<ReturnType<ItemRepository["scan"]>> = await items.scan(after, RECORDS_A_PAGE);
    const { readable, unreadable } = textsOfRecords(indexing, page.found);
    counts.records += readable.length;
    counts.unreadable += unreadable + page.unreadable;
    for (const { texts } of readable) {
      counts.texts += texts.length;
      if (texts.length > 0) counts.items += 1;
      if (sample.length < SAMPLE) sample.push(...texts.slice(0, SAMPLE - sample.length));
    }
    onProgress?.({ phase: "fill", done: page.done, records: counts.records, texts: counts.texts });
    after = page.next;
  } while (after !== null);
  const startedAt = performance.now();
  if (sample.length > 0) await indexing.embedder.documents(sample);
  const measured = sample.length / Math.max((performance.now() - startedAt) / 1_000, 1e-3);
  const rate = Math.min(textsPerSecond ?? Infinity, Math.max(measured, 1e-3));
  return { ...counts, generation: null, switched: false, dryRun: true, seconds: Math.ceil(counts.texts / rate) };
}
