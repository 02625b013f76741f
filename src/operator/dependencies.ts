/** What operator tasks need of a runtime. */
import type { Generations } from "../core/generations.ts";
import type { Answer } from "../core/memory.ts";
import type { ModelIdentity } from "../core/model-identity.ts";
import type { RequestLimits } from "../model/request.ts";
import type { ItemRepository } from "../ports/item-repository.ts";
import type { Outbox } from "../ports/outbox.ts";
import type { Partitions } from "../ports/partitions.ts";
import type { RunRequests } from "../ports/requests.ts";
import type { Settings } from "../ports/settings.ts";
import type { AuditOfStore } from "./erase-audit.ts";

/** Where a store keeps its data. */
export type StoreKind = "servers" | "file";

/** The data of a store, with the time budgets of maintenance, and the request pipeline for what has to be audited. */
export interface OperatorDependencies {
  readonly kind: StoreKind;
  readonly run: RunRequests<Answer>;
  readonly limits: RequestLimits;
  readonly items: ItemRepository;
  readonly outbox: Outbox;
  readonly settings: Settings;
  /** Null for a store on a local file. */
  readonly partitions: Partitions | null;
  /** Null when the store has no index. */
  readonly generations: Generations | null;
  /** Model of the active vectors; null when the store has no index. */
  readonly model: ModelIdentity | null;
  readonly audit: AuditOfStore;
  /** Longest time that a process keeps the vector of a text, milliseconds; null when it keeps none. */
  readonly vectorCacheMs: number | null;
}
