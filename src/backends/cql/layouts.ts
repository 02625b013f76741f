/**
 * The layouts of the partitions of a store: the active one and, while `rebucket` changes it, another one.
 *
 * Every process uses the setting `item-layouts` for one lease at most, and checks after each read and write whether it has
 * changed meanwhile. So a process writes to every partition that any process may read; docs/architecture.md has the proof.
 */
import { z } from "zod";
import type { Deadline } from "../../concurrency/deadline.ts";
import { SchemaError } from "../../model/errors.ts";
import { LeasedSetting } from "../../ports/leased-setting.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Settings } from "../../ports/settings.ts";
import { type BucketRule, BucketRules, checkBucketRules, configuredText, MAX_BUCKETS, type PlacedRule } from "./bucket-rules.ts";

/** Names of the settings with the rules of the first start, and with the layouts since the first change. */
const FIRST_RULES = "item-buckets";
export const LAYOUTS = "item-layouts";

/** Longest use of layouts without reading them again, milliseconds. Equal in all processes. */
export const LAYOUT_LEASE_MS = 5_000;

/**
 * What happens to the other layout. "copy": writes go to both, reads to the active one. "switched": the same, after the switch;
 * the other layout is the previous one. "delete": nothing reads or writes it, and its partitions are deleted.
 */
export type Stage = "copy" | "switched" | "delete";

/** A change in progress. */
export interface LayoutChange {
  /** Unique. */
  readonly id: string;
  readonly stage: Stage;
  /** The namespaces whose partitions change. */
  readonly namespace: readonly string[];
  readonly buckets: number;
  /** The layout that is not active. */
  readonly other: BucketRules;
}

/** The layouts at one moment. The same object while nothing changes. */
export interface Layouts {
  readonly active: BucketRules;
  /** A layout that is written as well; null without one. */
  readonly also: BucketRules | null;
  readonly change: LayoutChange | null;
  /** Bucket numbers from here on were never used. */
  readonly nextBase: number;
  /** As stored; null before the first change. */
  readonly text: string | null;
}

const rules = z.array(z.strictObject({ namespace: z.array(z.string()), base: z.int().min(0), buckets: z.int().min(1).max(MAX_BUCKETS) }));

const stored = z.strictObject({
  rules,
  nextBase: z.int().min(0),
  change: z
    .strictObject({
      id: z.string(),
      stage: z.enum(["copy", "switched", "delete"]),
      namespace: z.array(z.string()),
      buckets: z.int(),
      rules,
    })
    .nullable(),
});

/** Returns layouts as they are stored. */
export function layoutsText({ active, change, nextBase }: Pick<Layouts, "active" | "change" | "nextBase">): string {
  const { other, ...parts } = change ?? { other: null };
  return JSON.stringify({ rules: active.rules, nextBase, change: other === null ? null : { ...parts, rules: other.rules } });
}

/** @throws {SchemaError} when a newer version wrote them. */
export function parseLayouts(text: string): Layouts {
  const parsed = stored.safeParse(JSON.parse(text));
  if (!parsed.success) throw new SchemaError(`The setting "${LAYOUTS}" was written by a newer version of this package: upgrade this process.`);
  const { rules: placed, nextBase, change } = parsed.data;
  const other = change === null ? null : new BucketRules(change.rules);
  const also = change === null || change.stage === "delete" ? null : other;
  return {
    active: new BucketRules(placed),
    also,
    change: change === null || other === null ? null : { id: change.id, stage: change.stage, namespace: change.namespace, buckets: change.buckets, other },
    nextBase,
    text,
  };
}

/** Layouts of a store whose partitions were never changed: all rules begin at bucket 0. */
function firstLayouts(configured: readonly BucketRule[]): Layouts {
  const placed = configured.map((rule): PlacedRule => ({ ...rule, base: 0 }));
  return { active: new BucketRules(placed), also: null, change: null, nextBase: MAX_BUCKETS, text: null };
}

/**
 * Returns the buckets to which an item is written, that of the newer layout first: a process reads the older layout before
 * the newer one, so it never reads a newer record and then an older one.
 */
export function writtenBuckets({ active, also, change }: Layouts, path: string, key: string): readonly number[] {
  const bucket = active.bucketOf(path, key);
  const other = also?.bucketOf(path, key) ?? bucket;
  if (other === bucket) return [bucket];
  return change?.stage === "copy" ? [other, bucket] : [bucket, other];
}

/** The layouts that this process uses. */
export class LayoutLease {
  readonly #configured: readonly BucketRule[];
  readonly #settings: Settings;
  readonly #leased: LeasedSetting<Layouts>;
  #first: Layouts;

  /** @throws {ConfigurationError} when a rule has an invalid number of buckets. */
  constructor(settings: Settings, configured: readonly BucketRule[], logger: Logger, leaseMs: number) {
    checkBucketRules(configured);
    this.#configured = configured;
    this.#settings = settings;
    this.#first = firstLayouts(configured);
    this.#leased = new LeasedSetting({
      settings,
      name: LAYOUTS,
      leaseMs,
      parse: (text) => (text === null ? this.#first : parseLayouts(text)),
      onFailure: (error) => logger.debug({ err: error }, "the layout of the partitions could not be read again yet"),
    });
  }

  /** See `LeasedSetting.fresh`. */
  get fresh(): Layouts | null {
    return this.#leased.fresh;
  }

  /** See `LeasedSetting.current`. */
  current(deadline?: Deadline): Promise<Layouts> {
    return this.#leased.current(deadline);
  }

  /** Reads the layouts now. */
  read(): Promise<Layouts> {
    return this.#leased.read();
  }

  /**
   * Stores the configured rules in a new keyspace. In an existing one, they must equal the rules of its first start or the
   * current ones, so that processes can be restarted with new rules one after the other.
   *
   * @throws {SchemaError} naming both when the stored items follow other rules.
   */
  async start(): Promise<void> {
    const ours = configuredText(this.#configured);
    const first = await this.#settings.establish(FIRST_RULES, ours);
    this.#first = firstLayouts(JSON.parse(first) as BucketRule[]);
    const { active, also } = await this.#leased.start();
    if ([first, active.configured, also?.configured].includes(ours)) return;
    throw new SchemaError(
      `The items of this keyspace are stored by the bucket rules ${active.configured}, but cql.buckets is ${ours}, which would read ` +
        `items from other partitions. Set cql.buckets to ${active.configured}. To change the partitions, use: scylladb-store rebucket start`,
      { details: { stored: active.configured, configured: ours } },
    );
  }

  stop(): void {
    this.#leased.stop();
  }

  /** Runs a read, again if the layouts have changed meanwhile. */
  async reading<T>(deadline: Deadline | undefined, read: (layouts: Layouts) => Promise<T>): Promise<T> {
    for (let used = this.fresh ?? (await this.current(deadline)); ; ) {
      const result = await read(used);
      const now = this.fresh ?? (await this.current(deadline));
      if (now === used) return result;
      used = now;
    }
  }
}
