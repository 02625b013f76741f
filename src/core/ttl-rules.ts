/** Selects the TTL of items: the one of the put, else of the first matching rule, else the default. */
import { matchesPattern, toLabels } from "../model/namespace.ts";
import type { Lifetime } from "../model/ttl.ts";
import type { ItemRecord, LiveRecord } from "../model/item.ts";
import { isReadable } from "../model/value-codec.ts";

/** TTL of the items of some namespaces. */
export interface TtlRule {
  /** Leading labels of the namespaces; "*" matches any one label. */
  readonly namespace: readonly string[];
  /** Minutes; null for items that do not expire. */
  readonly defaultTtl: number | null;
}

/** TTL of items whose put does not set it. */
export interface TtlOptions {
  /** Minutes; by default items do not expire. */
  readonly defaultTtl?: number | undefined;
  /** Whether reading an item restarts its TTL. */
  readonly refreshOnRead: boolean;
  readonly rules: readonly TtlRule[];
}

/** Expiry and TTL of an item. */
export type Expiry = Pick<ItemRecord, "expiresAt" | "ttlMs">;

const FOREVER: Expiry = { expiresAt: null, ttlMs: null };

const MS_PER_MINUTE = 60_000;

/** A read rewrites a record only after this share of its TTL, so that an item that is read often is rarely written. */
const REFRESH_AFTER = 0.1;

/** The configured TTL rules. */
export class TtlRules {
  readonly #options: TtlOptions;

  constructor(options: TtlOptions) {
    this.#options = options;
  }

  /** Whether reads refresh the TTL by default. */
  get refreshOnRead(): boolean {
    return this.#options.refreshOnRead;
  }

  /** Returns the expiry of an item written now. */
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

/** Returns whether a read may extend the expiry of a record. */
export function isRenewable(record: LiveRecord | null): record is LiveRecord & { readonly expiresAt: number; readonly ttlMs: number } {
  return record !== null && record.expiresAt !== null && record.ttlMs !== null;
}

/**
 * Returns the record with a later expiry; null if it is too early to refresh. The version stays, and with it `updatedAt`: of two
 * records with equal versions, the one with the later expiry wins, and neither can replace a newer write.
 */
export function refreshed(record: LiveRecord, now: number): LiveRecord | null {
  // A value that cannot be decoded cannot be sealed again.
  if (!isRenewable(record) || !isReadable(record.value)) return null;
  const gone = now + record.ttlMs - record.expiresAt;
  if (gone < record.ttlMs * REFRESH_AFTER) return null;
  const { typed, bytes } = record.value;
  // Without what is stored: a codec binds the value to its expiry, and seals it again.
  return { ...record, expiresAt: now + record.ttlMs, value: { typed, bytes } };
}

