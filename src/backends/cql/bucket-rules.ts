/** Assigns items to the partitions of their namespace. */
import { ConfigurationError } from "../../model/errors.ts";
import { matchesPattern, toLabels } from "../../model/namespace.ts";
import { fnv1a } from "./hash.ts";

/** Spreads each namespace that a prefix pattern matches over several partitions. */
export interface BucketRule {
  /** Leading labels of the namespaces; `*` matches any one label, `[]` every namespace. */
  readonly namespace: readonly string[];
  /** Number of partitions of each such namespace, from 1 to {@link MAX_BUCKETS}. */
  readonly buckets: number;
}

/** A rule with the place of its buckets. */
export interface PlacedRule extends BucketRule {
  /** Number of the first bucket. The buckets of a rule that replaces another one begin elsewhere: their partitions hold nothing yet. */
  readonly base: number;
}

/** The buckets of one namespace: `count` of them, from `base`. */
export interface Buckets {
  readonly base: number;
  readonly count: number;
}

/** A listing reads every bucket of its namespace, so there cannot be many. */
export const MAX_BUCKETS = 256;

/** Buckets of a namespace without a rule. */
const SINGLE: Buckets = { base: 0, count: 1 };

/** A layout: rules of which the first that matches a namespace applies; without one, the namespace has the single bucket 0. */
export class BucketRules {
  readonly rules: readonly PlacedRule[];
  /** The same text for equal rules. */
  readonly text: string;
  readonly #buckets: readonly Buckets[];

  constructor(rules: readonly PlacedRule[]) {
    this.rules = rules.map(({ namespace, base, buckets }) => ({ namespace: [...namespace], base, buckets }));
    this.text = JSON.stringify(this.rules);
    this.#buckets = rules.map(({ base, buckets }) => ({ base, count: buckets }));
  }

  /** Buckets of the namespace at `path`. */
  of(path: string): Buckets {
    if (this.rules.length === 0) return SINGLE;
    const labels = toLabels(path);
    return this.#buckets[this.rules.findIndex(({ namespace }) => matchesPattern(labels, namespace, "prefix"))] ?? SINGLE;
  }

  /** The bucket of an item. */
  bucketOf(path: string, key: string): number {
    const { base, count } = this.of(path);
    return count === 1 ? base : base + (fnv1a(key) % count);
  }

  /** The rules as configured. */
  get configured(): string {
    return configuredText(this.rules);
  }
}

/** Returns the rules as text, without the place of their buckets. */
export function configuredText(rules: readonly BucketRule[]): string {
  return JSON.stringify(rules.map(({ namespace, buckets }) => ({ namespace, buckets })));
}

/** @throws {ConfigurationError} when a rule has an invalid number of buckets. */
export function checkBucketRules(rules: readonly BucketRule[]): void {
  for (const [i, { buckets }] of rules.entries()) {
    if (Number.isInteger(buckets) && buckets >= 1 && buckets <= MAX_BUCKETS) continue;
    throw new ConfigurationError(
      `cql.buckets[${i}].buckets must be a whole number from 1 to ${MAX_BUCKETS}, but got ${String(buckets)}.`,
    );
  }
}
