/** Renews the time to live of items that are read. */
import { messageOf } from "../model/errors.ts";
import type { LiveRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { refreshed, type TtlRules } from "./ttl-rules.ts";

/** A record that was read, and whether its read asked for a renewal; null leaves it to the configuration. */
export interface Read {
  readonly record: LiveRecord | null;
  readonly asked: boolean | null;
}

/** Rewrites records with a later end, where their reads ask for it and enough of their time has gone. */
export class TtlRefresh {
  readonly #items: ItemRepository;
  readonly #rules: TtlRules;
  readonly #logger: Logger;

  constructor(items: ItemRepository, rules: TtlRules, logger: Logger) {
    this.#items = items;
    this.#rules = rules;
    this.#logger = logger;
  }

  /** Resolves when the renewals are written. One that fails is told and does not fail the read, whose answer is right. */
  async refresh(reads: readonly Read[]): Promise<void> {
    const now = Date.now();
    const renewed = new Map<string, LiveRecord>();
    for (const { record, asked } of reads) {
      if (record === null || !(asked ?? this.#rules.refreshOnRead)) continue;
      const later = refreshed(record, now);
      // Ids may repeat among reads, and not within a write.
      if (later !== null) renewed.set(later.writeId, later);
    }
    if (renewed.size === 0) return;
    const outcomes = await Promise.allSettled([this.#items.put([...renewed.values()])]);
    const failed = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome] : outcome.value.filter(({ status }) => status === "rejected"),
    );
    const [first] = failed;
    if (first?.status !== "rejected") return;
    const cause: unknown = first.reason;
    this.#logger.warn(
      { items: renewed.size, failed: failed.length, cause: messageOf(cause) },
      "the time to live of items that were read could not be renewed",
    );
  }
}
