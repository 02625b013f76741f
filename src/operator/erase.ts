/**
 * Erases a subject: the items below a prefix, or those that match a filter, from records, vectors, listing and registry, and
 * verifies by a scan of everything that none is left.
 */
import { createHash } from "node:crypto";
import { mapBounded } from "../concurrency/bounded.ts";
import type { SearchResult } from "../core/found.ts";
import { generationsToSync } from "../core/generations.ts";
import { namespacePages } from "../core/namespace-pages.ts";
import { PageSize } from "../model/page-size.ts";
import { reconcileItem } from "../core/reconcile-item.ts";
import { isStoreError, ValidationError } from "../model/errors.ts";
import { parseFilter, type Filter } from "../model/filter.ts";
import { matchesFilter } from "../model/filter-match.ts";
import { isLive, type ItemId, type ItemRecord, type LiveRecord } from "../model/item.ts";
import { isWithin, ROOT, toLabels, toPath } from "../model/namespace.ts";
import { UNSPECIFIED } from "../model/ttl.ts";
import { isReadable, tryDecodeValue } from "../model/value-codec.ts";
import type { Request } from "../model/request.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import type { OperatorDependencies } from "./dependencies.ts";
import { AuditErasing, checkAudit } from "./erase-audit.ts";
import { checkReach } from "./erase-reach.ts";
import { remainsOf } from "./erase-remains.ts";
import type { EraseOptions, EraseReport } from "./erase-report.ts";
import { sentenceOf, stopped } from "./interruption.ts";
import { searchPage } from "./search-page.ts";

/** Identities that a report lists. */
const MOST_LISTED = 1_000;
const PAGE = 200;
const SCAN_PAGE = 500;
const ITEMS_AT_ONCE = 16;
const INTENT_BATCHES = 10_000;

/** Time from now after which no intent is due, milliseconds. */
const ALL_DUE_MS = 400 * 24 * 3_600_000;

/** Erases and verifies. */
export async function erase(dependencies: OperatorDependencies, options: EraseOptions): Promise<EraseReport> {
  const prefix = toPath(options.prefix ?? [], { allowEmpty: true, allowReservedRoot: true });
  if (prefix === ROOT && options.everything !== true) {
    throw new ValidationError("erase() requires a prefix. To erase in all namespaces, set everything: true (--everything).");
  }
  if (options.audit === true) checkAudit(dependencies.audit, options.auditActors);
  else if (options.auditActors !== undefined) throw new ValidationError("auditActors requires audit: true (--audit).");
  await checkReach(dependencies);
  const report = await new Erasure(dependencies, prefix, options).run();
  try {
    // Also a change that has begun meanwhile.
    await checkReach(dependencies);
  } catch (error) {
    throw stopped(error, `${report.erased.items + report.erased.unlisted} items were erased, but it is not known whether nothing is left: ${sentenceOf(error)}`);
  }
  return report;
}

class Erasure {
  readonly #dependencies: OperatorDependencies;
  readonly #prefix: string;
  readonly #options: EraseOptions;
  readonly #filter: Filter | null;
  readonly #startedAt = Date.now();
  readonly #erased = { items: 0, unlisted: 0, orphanedVectors: 0, namespaces: 0 };
  readonly #left = { undecodable: 0, vectors: 0, namespaces: 0, intents: 0, moreIntents: false };
  readonly #concurrent: { namespace: readonly string[]; key: string }[] = [];
  /** Namespaces with an item that is not erased. */
  readonly #occupied = new Set<string>();
  readonly #audit: AuditErasing | null;

  constructor(dependencies: OperatorDependencies, prefix: string, options: EraseOptions) {
    this.#dependencies = dependencies;
    this.#prefix = prefix;
    this.#options = options;
    this.#filter = parseFilter(options.where, dependencies.limits);
    const { audit, auditActors: actors = [], dryRun = false, signal } = options;
    this.#audit = audit === true ? new AuditErasing(dependencies.audit, { prefix, actors, isFiltered: this.#filter !== null }, { dryRun, signal }) : null;
  }

  async run(): Promise<EraseReport> {
    const isDry = this.#options.dryRun === true;
    try {
      await this.#eraseListed();
      if (!isDry) {
        await this.#scanRecords();
        await this.#scanPoints();
        await this.#unregister();
      }
    } catch (error) {
      if (!isDry) await this.#audit?.endInterrupted();
      throw error;
    }
    const audit = (await this.#audit?.end()) ?? null;
    await this.#countIntents();
    const { undecodable, vectors } = this.#left;
    const content = {
      prefix: toLabels(this.#prefix),
      filtered: this.#filter !== null,
      dryRun: isDry,
      startedAt: new Date(this.#startedAt).toISOString(),
      finishedAt: new Date().toISOString(),
      erased: this.#erased,
      left: { concurrent: this.#concurrent.slice(0, MOST_LISTED), ...this.#left },
      audit,
      remains: isDry ? [] : remainsOf(this.#dependencies, audit !== null),
      complete: !isDry && this.#concurrent.length === 0 && undecodable === 0 && vectors === 0 && (audit?.failed ?? null) === null,
    };
    return { ...content, digest: createHash("sha256").update(JSON.stringify(content)).digest("hex") };
  }

  /** Erases what searches return. This comes first, so that no later search returns the subject. */
  async #eraseListed(): Promise<void> {
    const { actor = null, dryRun } = this.#options;
    const size = new PageSize(Math.min(PAGE, this.#dependencies.limits.maxLimit));
    let cursor: string | null = null;
    do {
      this.#options.signal?.throwIfAborted();
      const result: SearchResult = await size.read((limit) =>
        searchPage(this.#dependencies, { prefix: this.#prefix, filter: this.#filter, cursor, limit, actor }),
      );
      const records = result.found.map(({ record }) => record);
      await this.#delete(records);
      await this.#audit?.add(records);
      this.#erased.items += result.found.length;
      // Otherwise the scan of all records counts them.
      if (dryRun === true && this.#filter !== null) this.#left.undecodable += result.info.unreadable;
      if (dryRun === true && this.#filter === null) this.#erased.items += result.info.unreadable;
      this.#options.onProgress?.({ phase: "erase", done: null, items: this.#erased.items });
      ({ cursor } = result.info);
    } while (cursor !== null);
  }

  /** Scans all records: erases those that no listing finds, and reports those that were written meanwhile. */
  async #scanRecords(): Promise<void> {
    let after: string | null = null;
    do {
      this.#options.signal?.throwIfAborted();
      const page = await this.#dependencies.items.scan(after, SCAN_PAGE);
      const within = page.found.filter((record) => record.value !== null && isWithin(this.#prefix, record.namespace));
      const ofSubject = within.filter((record) => this.#isOfSubject(record));
      const concurrent = await this.#writtenMeanwhile(ofSubject);
      this.#concurrent.push(...ofSubject.filter((record) => concurrent.has(record)).map(({ namespace, key }) => ({ namespace: toLabels(namespace), key })));
      for (const { namespace } of concurrent) this.#occupied.add(namespace);
      const unlisted = ofSubject.filter((record) => !concurrent.has(record));
      await this.#delete(unlisted);
      await this.#audit?.add(unlisted);
      this.#erased.unlisted += unlisted.length;
      this.#options.onProgress?.({ phase: "verify", done: page.done / 2, items: this.#erased.items });
      after = page.next;
    } while (after !== null);
  }

  /**
   * Returns the records that were written after the listing was read: they are listed, and everything that was listed before is
   * deleted. Versions do not show it, as each writer has its own clock. Listings omit values that cannot be decoded.
   */
  async #writtenMeanwhile(records: readonly ItemRecord[]): Promise<ReadonlySet<ItemRecord>> {
    const live = records.filter((record): record is LiveRecord => isLive(record, Date.now()) && isReadable(record.value));
    const decodable = live.filter(({ value }) => !isStoreError(tryDecodeValue(value)));
    const listed = decodable.length === 0 ? [] : await this.#dependencies.items.listed(decodable);
    return new Set(decodable.filter((_, i) => listed[i] === true));
  }

  #isOfSubject(record: ItemRecord): boolean {
    if (this.#filter === null || record.value === null) return true;
    const value = tryDecodeValue(record.value);
    const isUndecodable = isStoreError(value);
    if (isUndecodable) this.#left.undecodable += 1;
    const isMatch = !isUndecodable && matchesFilter(value, this.#filter);
    if (!isMatch) this.#occupied.add(record.namespace);
    return isMatch;
  }

  /** Removes vectors below the prefix whose record is gone, as after a crash. */
  async #scanPoints(): Promise<void> {
    const { generations } = this.#dependencies;
    for (const { vectors } of generations === null ? [] : generationsToSync(generations)) await this.#scanPointsOf(vectors);
  }

  async #scanPointsOf(vectors: VectorIndex): Promise<void> {
    const { items } = this.#dependencies;
    let after: string | null = null;
    do {
      this.#options.signal?.throwIfAborted();
      const page: Awaited<ReturnType<VectorIndex["scan"]>> = await vectors.scan(after, SCAN_PAGE);
      const within = page.found.filter(({ namespace }) => isWithin(this.#prefix, namespace));
      const records = within.length === 0 ? [] : await items.get(within.map(({ namespace, key }) => ({ namespace, key })));
      const orphans = within.filter((_, i) => records[i] === null || records[i]?.value === null);
      await mapBounded(orphans, ITEMS_AT_ONCE, async ({ namespace, key, version, writeId }) => {
        const [removal] = await vectors.remove([{ namespace, key, version, writeId, hasNoIntent: true }]);
        if (removal?.status === "fulfilled") this.#erased.orphanedVectors += 1;
        else this.#left.vectors += 1;
      });
      this.#options.onProgress?.({ phase: "verify", done: 0.5 + page.done / 2, items: this.#erased.items });
      after = page.next;
    } while (after !== null);
  }

  async #unregister(): Promise<void> {
    const { items } = this.#dependencies;
    const stream = { prefix: this.#prefix, from: null, expected: 500 };
    const isEmpty = (path: string): boolean => !this.#occupied.has(path);
    const before = new Set<string>();
    for await (const { paths } of namespacePages(items, stream)) {
      const empty = paths.filter(isEmpty);
      for (const path of empty) before.add(path);
      if (empty.length > 0) await items.unregister(empty, this.#startedAt);
    }
    for await (const { paths } of namespacePages(items, stream)) this.#left.namespaces += paths.filter(isEmpty).length;
    this.#erased.namespaces = Math.max(0, before.size - this.#left.namespaces);
  }

  async #countIntents(): Promise<void> {
    const { batches, unreadable } = await this.#dependencies.outbox.due(Date.now() + ALL_DUE_MS, INTENT_BATCHES);
    this.#left.intents = batches.flatMap(({ intents }) => intents).filter(({ namespace }) => isWithin(this.#prefix, namespace)).length;
    this.#left.moreIntents = batches.length >= INTENT_BATCHES || unreadable > 0;
  }

  async #delete(ids: readonly ItemId[]): Promise<void> {
    if (this.#options.dryRun === true || ids.length === 0) return;
    const requests = ids.map(({ namespace, key }): Request => ({ kind: "put", namespace, key, value: null, index: undefined, lifetime: UNSPECIFIED, signal: null }));
    const outcomes = await this.#dependencies.run(requests, { scope: ROOT, actor: this.#options.actor ?? null });
    const failed = outcomes.flatMap((outcome, i) => (outcome.status === "rejected" ? [{ reason: outcome.reason as unknown, id: ids[i] as ItemId }] : []));
    await mapBounded(failed, ITEMS_AT_ONCE, async ({ reason, id: { namespace, key } }) => {
      // The record is deleted, its vectors are not: removes them now, or fails.
      if (!isStoreError(reason) || reason.code !== "VECTOR_SYNC") throw reason;
      await reconcileItem(this.#dependencies, { namespace, key });
    });
  }
}
