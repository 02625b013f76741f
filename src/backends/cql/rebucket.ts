/**
 * Changes the number of partitions of namespaces while processes read and write them.
 *
 * Both layouts are written, then the records are copied, then reads switch, then the previous partitions are deleted. Between
 * these stages, {@link outlastLease} waits for processes that use the stage before. docs/architecture.md has the reasons.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { isStoreError, UnavailableError, ValidationError } from "../../model/errors.ts";
import { ANY_LABEL, matchesPattern, toLabels, toPath } from "../../model/namespace.ts";
import type { NamespaceStart } from "../../model/namespace-place.ts";
import { CLOCK_TOLERANCE_MS } from "../../model/ttl.ts";
import { outlastLease } from "../../ports/leased-setting.ts";
import type { NamespacePage } from "../../ports/item-repository.ts";
import type { Partitions, PartitionStatus, RebucketOptions, RebucketPhase, RebucketReport } from "../../ports/partitions.ts";
import type { Settings } from "../../ports/settings.ts";
import { type BucketRules, MAX_BUCKETS } from "./bucket-rules.ts";
import { LAYOUTS, type LayoutChange, type LayoutLease, type Layouts, layoutsText } from "./layouts.ts";
import type { NamespaceRegistry } from "./namespace-registry.ts";
import { type CopyCounts, PartitionCopy, type PartitionCopyParts } from "./partition-copy.ts";
import { RebucketJournal, type RebucketPlace, START } from "./rebucket-journal.ts";
import { abortedMeanwhile, isAborted, isDone, isOf, nameOf, otherChange, withRule } from "./rebucket-rules.ts";
import { bigint } from "./values.ts";

/** Dependencies of a change. */
export interface RebucketParts extends PartitionCopyParts {
  readonly settings: Settings;
  readonly layouts: LayoutLease;
  readonly registry: NamespaceRegistry;
  readonly leaseMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const RECORDS_PER_SECOND = 2_000;
const NAMESPACES_A_PAGE = 200;

/** Most passes of the comparison: the second one finds nothing unless writes of unknown outcome arrive late. */
const MOST_VERIFICATIONS = 5;

/** Pauses before an attempt is repeated, milliseconds; then the failure is final. */
const RETRY_PAUSES_MS = [200, 500, 1_000, 2_000, 5_000];

/** The partitions of a keyspace. */
export class CqlPartitions implements Partitions {
  readonly #parts: RebucketParts;
  readonly #journal: RebucketJournal;

  constructor(parts: RebucketParts) {
    this.#parts = parts;
    this.#journal = new RebucketJournal(parts.settings);
  }

  async status(): Promise<PartitionStatus> {
    const { active, change } = await this.#parts.layouts.read();
    const rules = active.rules.map(({ namespace, buckets }) => ({ namespace, buckets }));
    if (change === null) return { rules, change: null };
    const { phase, records, total } = await this.#journal.read(change.id);
    const { namespace, buckets, stage } = change;
    return { rules, change: { namespace, buckets, switched: stage !== "copy", progress: { phase, done: shareOf(records, total), records } } };
  }

  async rebucket(options: RebucketOptions): Promise<RebucketReport> {
    const { namespace, buckets } = checked(options);
    for (let own: string | null = null; ; ) {
      const layouts = await this.#parts.layouts.read();
      const { active, change } = layouts;
      if (change !== null && !isOf(change, options)) throw otherChange(change);
      const isRemoved = change?.stage === "delete" && isAborted(layouts, change);
      if (own !== null && (change === null ? !isDone(active, options) : change.id !== own || isRemoved)) throw abortedMeanwhile(options);
      if (change !== null && !isRemoved) own = change.id;
      if (options.dryRun === true) return this.#dryRun(options, layouts);
      // Also a change that another process has completed meanwhile.
      if (change === null && isDone(active, options)) return { namespace, buckets, dryRun: false, unchanged: true, ...NOTHING };
      if (change === null) await this.#begin(options, layouts);
      else if ((await this.#advance(change, layouts, options)) && !isAborted(layouts, change)) return this.#report(change, options);
    }
  }

  async abort(signal?: AbortSignal): Promise<boolean> {
    for (;;) {
      const layouts = await this.#parts.layouts.read();
      const { change } = layouts;
      if (change === null) return false;
      if (change.stage === "switched" || (change.stage === "delete" && !isAborted(layouts, change))) {
        throw new ValidationError(`Reads use the new partitions of ${nameOf(change.namespace)} already: complete the change, and then change them back.`);
      }
      if (change.stage === "copy") await this.#exchange(layouts, { ...layouts, change: { ...change, stage: "delete" } });
      else if (await this.#advance(change, layouts, signal === undefined ? {} : { signal })) return true;
    }
  }

  async #begin({ namespace, buckets }: RebucketOptions, layouts: Layouts): Promise<void> {
    const { active, nextBase } = layouts;
    const other = withRule(active, { namespace, buckets, base: nextBase });
    const change: LayoutChange = { id: randomUUID(), stage: "copy", namespace, buckets, other };
    await this.#exchange(layouts, { active, change, nextBase: nextBase + buckets });
  }

  /** Completes the current stage; returns whether the change is complete. */
  async #advance(change: LayoutChange, layouts: Layouts, options: Partial<RebucketOptions>): Promise<boolean> {
    // Processes may still use the stage before: it is not known when this one began.
    const { settings, leaseMs } = this.#parts;
    await outlastLease({ settings, name: LAYOUTS, leaseMs }, options.signal);
    try {
      return await this.#completeStage(change, layouts, options);
    } catch (error) {
      if (error instanceof StageEnded) return false;
      throw error;
    }
  }

  async #completeStage(change: LayoutChange, layouts: Layouts, options: Partial<RebucketOptions>): Promise<boolean> {
    const { active } = layouts;
    switch (change.stage) {
      case "copy":
        await this.#copyAll(change, layouts, options);
        await this.#exchange(layouts, { ...layouts, active: change.other, change: { ...change, stage: "switched", other: active } });
        return false;
      case "switched":
        await this.#exchange(layouts, { ...layouts, change: { ...change, stage: "delete" } });
        return false;
      case "delete":
        await this.#each(change, layouts, options, { phase: "delete", from: change.other, pass: (_, path, bucket) => this.#delete(path, bucket) });
        return this.#exchange(layouts, { ...layouts, change: null });
    }
  }

  async #copyAll(change: LayoutChange, layouts: Layouts, options: Partial<RebucketOptions>): Promise<void> {
    const steps = {
      count: (copy: PartitionCopy, _: string, bucket: number, place: RebucketPlace) => copy.count(bucket, place.keys),
      copy: (copy: PartitionCopy, _: string, bucket: number, place: RebucketPlace) => copy.copy(bucket, place.keys, false),
      verify: (copy: PartitionCopy, _: string, bucket: number, place: RebucketPlace) => copy.copy(bucket, place.keys, true),
    };
    for (const phase of ["count", "copy"] as const) await this.#each(change, layouts, options, { phase, from: layouts.active, pass: steps[phase] });
    for (let pass = 1; pass <= MOST_VERIFICATIONS; pass += 1) {
      const { written } = await this.#each(change, layouts, options, { phase: "verify", from: layouts.active, pass: steps.verify });
      if (written === 0) return;
    }
    throw new UnavailableError(
      "The copies of the records still differ from them after several comparisons, presumably because writes keep failing. Reads were not switched. " +
        "Check the cluster, and run the same command again.",
    );
  }

  /** Runs one phase over all pages of all partitions of the changed namespaces, from the saved place. */
  async #each(change: LayoutChange, layouts: Layouts, options: Partial<RebucketOptions>, { phase, from, pass }: Step): Promise<RebucketPlace> {
    const { active } = layouts;
    const saved = await this.#journal.read(change.id);
    if (PHASES.indexOf(saved.phase) > PHASES.indexOf(phase)) return saved;
    if (saved.phase === phase && saved.isComplete && phase !== "verify") return saved;
    // A comparison is repeated from its beginning.
    let place: RebucketPlace = saved.phase === phase && !saved.isComplete ? saved : { ...START, phase, total: saved.total, unreadable: saved.unreadable, repaired: saved.repaired };
    for await (const path of this.#paths(change, place.path)) {
      const [old, next] = [from.of(path), (from === active ? change.other : active).of(path)];
      if (old.base === next.base) continue;
      const isResumed = place.path === path;
      const copy = new PartitionCopy(this.#parts, path, from === active ? change.other : active);
      if (!isResumed) place = { ...place, path, bucket: old.base, keys: null, namespaces: place.namespaces + 1 };
      for (let { bucket } = place; bucket < old.base + old.count; bucket += 1) {
        if (bucket !== place.bucket) place = { ...place, bucket, keys: null };
        do {
          options.signal?.throwIfAborted();
          const startedAt = performance.now();
          const at = place;
          const { counts, next: keys } = await retried(async () => {
            if ((await this.#parts.layouts.current()).text !== layouts.text) throw new StageEnded();
            return pass(copy, path, bucket, at);
          }, options.signal);
          place = { ...withCounts(place, counts), keys };
          await this.#journal.saveSometimes(change.id, place);
          options.onProgress?.({ phase, done: phase === "delete" ? null : shareOf(place.records, place.total), records: place.records });
          if (phase !== "count") await this.#slowDown(counts.records, startedAt, options);
        } while (place.keys !== null);
      }
      place = { ...place, bucket: old.base + old.count, keys: null };
      await this.#journal.saveSometimes(change.id, place);
    }
    const end = { ...place, isComplete: true, ...(phase === "count" ? { total: place.records } : {}) };
    await this.#journal.save(change.id, end);
    return end;
  }

  /** Registered namespaces that the pattern of a change matches, from a place on. */
  async *#paths({ namespace }: Pick<LayoutChange, "namespace">, first: string | null): AsyncGenerator<string, void, undefined> {
    const wildcard = namespace.indexOf(ANY_LABEL);
    const prefix = toPath(wildcard === -1 ? namespace : namespace.slice(0, wildcard), ANY_PATH);
    let from: NamespaceStart | null = first === null ? null : { path: first, from: "at" };
    do {
      const query = { prefix, from, limit: NAMESPACES_A_PAGE, unscored: false };
      const page: NamespacePage = await retried(() => this.#parts.registry.page(query));
      for (const path of page.paths) if (matchesPattern(toLabels(path), namespace, "prefix")) yield path;
      from = page.next;
    } while (from !== null);
  }

  /** Deletes a partition that no process reads or writes, also for writes that arrive later. */
  async #delete(path: string, bucket: number): Promise<{ counts: CopyCounts; next: null }> {
    const { session, statements, now } = this.#parts;
    // Its bucket is never used again, so the timestamp may be in the future.
    const timestamp = bigint((now() + 2 * CLOCK_TOLERANCE_MS) * 1_000);
    for (const query of [statements.deleteEntries, statements.deleteItems]) await session.write({ query, params: [timestamp, path, bucket] });
    return { counts: { records: 0, written: 0, unreadable: 0 }, next: null };
  }

  async #slowDown(records: number, startedAt: number, { recordsPerSecond = RECORDS_PER_SECOND, signal }: Partial<RebucketOptions>): Promise<void> {
    const restMs = (records / recordsPerSecond) * 1_000 - (performance.now() - startedAt);
    if (restMs > 1) await pause(restMs, undefined, signal === undefined ? {} : { signal });
  }

  async #dryRun(options: RebucketOptions, layouts: Layouts): Promise<RebucketReport> {
    const { namespace, buckets, signal, onProgress } = options;
    const { active, change, nextBase } = layouts;
    const report = { namespace, buckets, dryRun: true, unchanged: change === null && isDone(active, options), ...NOTHING };
    if (report.unchanged) return report;
    const [source, target] = change?.stage === "copy" || change === null ? [active, change?.other ?? withRule(active, { namespace, buckets, base: nextBase })] : [change.other, active];
    for await (const path of this.#paths(options, null)) {
      const old = source.of(path);
      if (old.base === target.of(path).base) continue;
      report.namespaces += 1;
      const copy = new PartitionCopy(this.#parts, path, target);
      for (let bucket = old.base; bucket < old.base + old.count; bucket += 1) {
        let place: RebucketPlace["keys"] = null;
        do {
          signal?.throwIfAborted();
          const { counts, next } = await copy.count(bucket, place);
          report.records += counts.records;
          onProgress?.({ phase: "count", done: null, records: report.records });
          place = next;
        } while (place !== null);
      }
    }
    return report;
  }

  async #report({ id, namespace, buckets }: LayoutChange, options: RebucketOptions): Promise<RebucketReport> {
    const { total, namespaces, repaired, unreadable } = await this.#journal.read(id);
    await this.#journal.clear();
    return { namespace, buckets, dryRun: options.dryRun === true, unchanged: false, namespaces, records: total ?? 0, repaired, unreadable };
  }

  /** Replaces the layouts unless another process did; returns whether it was this one. */
  async #exchange(before: Layouts, next: Pick<Layouts, "active" | "change" | "nextBase">): Promise<boolean> {
    return this.#parts.settings.exchange(LAYOUTS, before.text, layoutsText(next));
  }
}

/** Another process has completed or aborted the stage that this one works on. */
class StageEnded extends Error {}

/** One phase over the partitions of a layout. */
interface Step {
  readonly phase: RebucketPhase;
  readonly from: BucketRules;
  readonly pass: (copy: PartitionCopy, path: string, bucket: number, place: RebucketPlace) => Promise<{ counts: CopyCounts; next: RebucketPlace["keys"] }>;
}

const NOTHING = { namespaces: 0, records: 0, repaired: 0, unreadable: 0 };
const ANY_PATH = { allowEmpty: true, allowReservedRoot: true } as const;
const PHASES: readonly RebucketPhase[] = ["count", "copy", "verify", "delete"];

function checked({ namespace, buckets, recordsPerSecond = RECORDS_PER_SECOND }: RebucketOptions): RebucketOptions {
  toPath(namespace, ANY_PATH);
  if (!Number.isInteger(buckets) || buckets < 1 || buckets > MAX_BUCKETS) {
    throw new ValidationError(`rebucket() requires buckets, a whole number from 1 to ${MAX_BUCKETS}, but got ${String(buckets)}.`);
  }
  if (!(recordsPerSecond > 0)) throw new ValidationError(`recordsPerSecond must be a number greater than 0, but got ${String(recordsPerSecond)}.`);
  return { namespace, buckets };
}

function withCounts(place: RebucketPlace, { records, written, unreadable }: CopyCounts): RebucketPlace {
  const sum = { ...place, records: place.records + records, written: place.written + written };
  if (place.phase === "copy") return { ...sum, unreadable: place.unreadable + unreadable };
  return place.phase === "verify" ? { ...sum, repaired: place.repaired + written } : sum;
}

function shareOf(records: number, total: number | null): number | null {
  return total === null ? null : Math.min(1, records / Math.max(1, total));
}

/** Repeats a task after transient failures. */
async function retried<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  for (const ms of RETRY_PAUSES_MS) {
    try {
      return await task();
    } catch (error) {
      if (!isStoreError(error) || !error.retryable) throw error;
      await pause(ms, undefined, signal === undefined ? {} : { signal });
    }
  }
  return task();
}
