/** How long items live: the put's own choice, else the first rule for the namespace, else the default. */
import { matchesPattern, toLabels } from "../model/namespace.ts";
import type { Lifetime } from "../model/ttl.ts";
import type { ItemRecord, LiveRecord } from "../model/item.ts";
import { isReadable } from "../model/value-codec.ts";

/** Sets how long the items of some namespaces live. */
export interface TtlRule {
  /** Leading labels of the namespaces that the rule is for; "*" stands for any one label. */
  readonly namespace: readonly string[];
  /** Minutes; null for no end. */
  readonly defaultTtl: number | null;
}

/** How long items live unless their put says otherwise. */
export interface TtlOptions {
  /** Minutes; absent for no end. */
  readonly defaultTtl?: number | undefined;
  /** Whether reading an item makes it live as long again. */
  readonly refreshOnRead: boolean;
  readonly rules: readonly TtlRule[];
}

/** The end of an item, and what a read makes of it. */
export type Expiry = Pick<ItemRecord, "expiresAt" | "ttlMs">;

const FOREVER: Expiry = { expiresAt: null, ttlMs: null };

const MS_PER_MINUTE = 60_000;

/** A read rewrites a record only once this part of its time has gone: an item that is read often is seldom written. */
const REFRESH_AFTER = 0.1;

/** The lifetimes in force. */
export class TtlRules {
  readonly #options: TtlOptions;

  constructor(options: TtlOptions) {
    this.#options = options;
  }

  /** Whether reads refresh what is not said otherwise. */
  get refreshOnRead(): boolean {
    return this.#options.refreshOnRead;
  }

  /** When an item ends that is put now. */
  expiryOf(namespace: string, lifetime: Lifetime, now: number): Expiry {
    const { kind } = lifetime;
    if (kind === "forever") return FOREVER;
    if (kind === "until") return { expiresAt: lifetime.at, ttlMs: null };
    const ms = kind === "for" ? lifetime.ms : this.#configured(namespace);
    return ms === null ? FOREVER : { expiresAt: now + ms, ttlMs: ms };
  }

  #configured(namespace: string): number | null {
    const { rules, defaultTtl } = this.#options;
    const labels = rules.length === 0 ? [] : toLabels(namespace);
    const rule = rules.find(({ namespace: pattern }) => matchesPattern(labels, pattern, "prefix"));
    const minutes = rule === undefined ? (defaultTtl ?? null) : rule.defaultTtl;
    return minutes === null ? null : Math.ceil(minutes * MS_PER_MINUTE);
  }
}

/** Whether a read may move the end of a record. */
export function isRenewable(record: LiveRecord | null): record is LiveRecord & { readonly expiresAt: number; readonly ttlMs: number } {
  return record !== null && record.expiresAt !== null && record.ttlMs !== null;
}

/**
 * The record with a later end, or null if there is nothing to refresh yet. Its version stays, and with it `updatedAt`:
 * of two records of one version the one that ends later wins, and neither can outrank a newer write.
 */
export function refreshed(record: LiveRecord, now: number): LiveRecord | null {
  // A value that cannot be read cannot be sealed again.
  if (!isRenewable(record) || !isReadable(record.value)) return null;
  const gone = now + record.ttlMs - record.expiresAt;
  if (gone < record.ttlMs * REFRESH_AFTER) return null;
  const { typed, bytes } = record.value;
  // Without what is stored: a codec binds the value to its expiry, and seals it again.
  return { ...record, expiresAt: now + record.ttlMs, value: { typed, bytes } };
}

