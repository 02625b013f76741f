/** Renews the time to live of items that are read. */
import { messageOf } from "../model/errors.ts";
import type { ItemId, LiveRecord } from "../model/item.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Logger } from "../ports/logger.ts";
import { refreshed, type TtlRules } from "./ttl-rules.ts";
import { RefusalWarning, UpkeepRights } from "./upkeep-rights.ts";

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

  readonly #onLate: (ids: readonly ItemId[]) => void;
  readonly #upkeep: UpkeepRights;

  /** @param onLate - is given items whose former end had come before their renewal was written: a sweep may have met them */
  constructor(
    items: ItemRepository,
    rules: TtlRules,
    logger: Logger,
    onLate: (ids: readonly ItemId[]) => void,
    upkeep = new UpkeepRights(new RefusalWarning(logger)),
  ) {
    this.#upkeep = upkeep;
    this.#onLate = onLate;
    this.#items = items;
    this.#rules = rules;
    this.#logger = logger;
  }

  /** Resolves when the renewals are written. One that fails is told and does not fail the read, whose answer is right. */
  async refresh(reads: readonly Read[]): Promise<void> {
    if (this.#upkeep.areMissing) return;
    const now = Date.now();
    const renewed = new Map<string, LiveRecord>();
    const formerEnds = new Map<string, number | null>();
    for (const { record, asked } of reads) {
      if (record === null || !(asked ?? this.#rules.refreshOnRead)) continue;
      const later = refreshed(record, now);
      // Ids may repeat among reads, and not within a write.
      if (later === null) continue;
      renewed.set(later.writeId, later);
      formerEnds.set(later.writeId, record.expiresAt);
    }
    if (renewed.size === 0) return;
    const outcomes = await Promise.allSettled([this.#items.put([...renewed.values()])]);
    const failed = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome] : outcome.value.filter(({ status }) => status === "rejected"),
    );
    const [first] = failed;
    if (first?.status === "rejected" && this.#upkeep.note(first.reason)) return;
    const written = Date.now();
    const late = [...renewed.values()].filter(({ writeId }) => (formerEnds.get(writeId) ?? Infinity) <= written);
    if (late.length > 0) this.#onLate(late.map(({ namespace, key }) => ({ namespace, key })));
    if (first?.status !== "rejected") return;
    const cause: unknown = first.reason;
    this.#logger.warn(
      { items: renewed.size, failed: failed.length, cause: messageOf(cause) },
      "the time to live of items that were read could not be renewed",
    );
  }
}
