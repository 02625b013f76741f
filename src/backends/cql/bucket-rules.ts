/** Assigns items to the partitions of their namespace. */
import { ConfigurationError, SchemaError } from "../../model/errors.ts";
import { matchesPattern, toLabels } from "../../model/namespace.ts";
import type { Settings } from "../../ports/settings.ts";
import { fnv1a } from "./hash.ts";

/** Spreads each namespace that a prefix pattern matches over several partitions. */
export interface BucketRule {
  /** Leading labels of the namespaces; `*` matches any one label, `[]` every namespace. */
  readonly namespace: readonly string[];
  /** Number of partitions of each such namespace, from 1 to {@link MAX_BUCKETS}. */
  readonly buckets: number;
}

/** A listing reads every bucket of its namespace, so there cannot be many. */
const MAX_BUCKETS = 256;

/** Name of the setting that holds the rules of the stored items. */
const SETTING = "item-buckets";

/** The active rules. The first rule that matches a namespace applies; by default a namespace has the single bucket 0. */
export class BucketRules {
  readonly #rules: readonly BucketRule[];

  /** @throws {ConfigurationError} when a rule has an invalid number of buckets. */
  constructor(rules: readonly BucketRule[]) {
    for (const [i, { buckets }] of rules.entries()) {
      if (!Number.isInteger(buckets) || buckets < 1 || buckets > MAX_BUCKETS) {
        throw new ConfigurationError(
          `cql.buckets[${i}].buckets must be a whole number from 1 to ${MAX_BUCKETS}, but got ${String(buckets)}.`,
        );
      }
    }
    this.#rules = rules.map(({ namespace, buckets }) => ({ namespace: [...namespace], buckets }));
  }

  /** Number of buckets of the namespace at `path`. */
  count(path: string): number {
    if (this.#rules.length === 0) return 1;
    const labels = toLabels(path);
    return this.#rules.find(({ namespace }) => matchesPattern(labels, namespace, "prefix"))?.buckets ?? 1;
  }

  /** The bucket of an item. */
  bucketOf(path: string, key: string): number {
    const count = this.count(path);
    return count === 1 ? 0 : fnv1a(key) % count;
  }

  /**
   * Stores the rules in the keyspace, or verifies that they equal the stored ones.
   *
   * @throws {SchemaError} naming both when the stored items follow other rules.
   */
  async establish(settings: Settings): Promise<void> {
    const ours = JSON.stringify(this.#rules.map(({ namespace, buckets }) => ({ namespace, buckets })));
    const theirs = await settings.establish(SETTING, ours);
    if (theirs === ours) return;
    throw new SchemaError(
      `The items of this keyspace are stored by the bucket rules ${theirs}, but cql.buckets is ${ours}, which would read ` +
        `items from other partitions. Set cql.buckets to ${theirs} again.`,
      { details: { stored: theirs, configured: ours } },
    );
  }
}
