/** Which partition of its namespace an item lies in. */
import { ConfigurationError, SchemaError } from "../../model/errors.ts";
import { matchesPattern, toLabels } from "../../model/namespace.ts";
import type { Settings } from "../../ports/settings.ts";
import { fnv1a } from "./hash.ts";

/** Spreads each namespace that a prefix pattern matches over several partitions. */
export interface BucketRule {
  /** Leading labels of the namespaces meant; `*` stands for any one label, `[]` means every namespace. */
  readonly namespace: readonly string[];
  /** Number of partitions of each such namespace, from 1 to {@link MAX_BUCKETS}. */
  readonly buckets: number;
}

/** A listing reads every bucket of its namespace, so there cannot be many. */
const MAX_BUCKETS = 256;

/** Name of the setting that holds the rules by which the stored items were placed. */
const SETTING = "item-buckets";

/** The rules in force: the first that matches a namespace counts; one that none matches has a single bucket, 0. */
export class BucketRules {
  readonly #rules: readonly BucketRule[];

  /** @throws {ConfigurationError} when a rule has a number of buckets that cannot be. */
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
   * Makes these rules the keyspace's, or checks that they are.
   *
   * @throws {SchemaError} when the stored items were placed by other rules, naming both.
   */
  async establish(settings: Settings): Promise<void> {
    const ours = JSON.stringify(this.#rules.map(({ namespace, buckets }) => ({ namespace, buckets })));
    const theirs = await settings.establish(SETTING, ours);
    if (theirs === ours) return;
    throw new SchemaError(
      `The items of this keyspace were placed by the bucket rules ${theirs}, but cql.buckets is ${ours}. ` +
        `Under other rules items would be looked for in the wrong partition. Set cql.buckets to ${theirs} again.`,
      { details: { stored: theirs, configured: ours } },
    );
  }
}
