/** Requests to the database thread and its replies: plain data that can be cloned. */
import type { VectorShape } from "../../model/distance-metric.ts";
import type { Deadline } from "../../concurrency/deadline.ts";
import type { Filter } from "../../model/filter.ts";
import type { ItemId } from "../../model/item.ts";
import type { ListingOrder } from "../../model/request.ts";
import type { ListPage, ListPosition, NamespacePage, NamespaceQuery } from "../../ports/item-repository.ts";
import type { OutboxBacklog } from "../../ports/outbox.ts";
import type { ScanPage } from "../../ports/scan.ts";
import type { IndexedPoint, StoredPoint, Rankings } from "../../ports/vector-index.ts";
import type { Failure } from "./errors.ts";

/** Writes one record. The other properties repeat the parts of the cell that SQL conditions use. */
export interface PutWrite extends ItemId {
  readonly kind: "put";
  readonly created: number;
  readonly version: number;
  readonly writeId: string;
  /** False for the marker of a delete. */
  readonly hasValue: boolean;
  /** Milliseconds since the epoch, or null. */
  readonly expiresAt: number | null;
  /** Whether its namespace then holds an item without vectors. */
  readonly unscored: boolean;
  /** The encoded record. */
  readonly cell: Uint8Array;
}

/** A generation of the index: its number, and how its vectors are compared. */
export interface GenerationShape extends VectorShape {
  readonly generation: number;
}

/** Writes the vectors of one item. */
export interface UpsertWrite extends ItemId {
  readonly kind: "upsert";
  readonly generation: number;
  readonly version: number;
  readonly writeId: string;
  /** Dimensions of a vector. */
  readonly dims: number;
  /** The vectors one after another, in single precision. */
  readonly vectors: Uint8Array;
  /** Its terms, see term-lists.ts; null for none. */
  readonly terms: Uint8Array | null;
}

/** Removes the vectors of one item that are of an older version, or of this write. */
export interface RemoveWrite extends ItemId {
  readonly kind: "remove";
  readonly generation: number;
  readonly version: number;
  readonly writeId: string;
  /** Whether it must be on the disk when it is acknowledged: no intent repeats it. */
  readonly isSynced: boolean;
}

/** Flags a namespace as holding, or perhaps holding, an item without a vector. */
export interface MarkWrite {
  readonly kind: "mark";
  readonly namespace: string;
}

/** Clears that flag unless an item that is live at `now` (milliseconds) has no vector. */
interface ClearMarkWrite {
  readonly kind: "clear-mark";
  readonly namespace: string;
  readonly now: number;
}

/** Unregisters a namespace unless it contains a record or a point. */
export interface UnregisterWrite {
  readonly kind: "unregister";
  readonly namespace: string;
}

/** Creates the tables of a generation of the index unless they exist. */
interface CreateGenerationWrite {
  readonly kind: "create-generation";
  readonly generation: number;
}

/** Writes a setting unless it exists. */
interface EstablishWrite {
  readonly kind: "establish";
  readonly name: string;
  readonly value: string;
}

/** Writes a setting, and replaces an existing one. */
interface ReplaceSettingWrite {
  readonly kind: "replace-setting";
  readonly name: string;
  readonly value: string;
}

/** Replaces the expected value of a setting; null means that it is not set, or removes it. */
interface ExchangeSettingWrite {
  readonly kind: "exchange-setting";
  readonly name: string;
  readonly expected: string | null;
  readonly value: string | null;
}

/** Stores a batch of intents unless it is stored already. */
export interface AddBatchWrite {
  readonly kind: "add-batch";
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly dueAt: number;
  /** The encoded intents. */
  readonly cell: Uint8Array;
}

/** Removes a batch of intents. */
export interface RemoveBatchWrite {
  readonly kind: "remove-batch";
  readonly id: string;
  readonly dueAt: number;
}

/** One write of a transaction that many share. */
export type Write =
  | PutWrite
  | MarkWrite
  | ClearMarkWrite
  | UnregisterWrite
  | UpsertWrite
  | RemoveWrite
  | CreateGenerationWrite
  | EstablishWrite
  | ReplaceSettingWrite
  | ExchangeSettingWrite
  | AddBatchWrite
  | RemoveBatchWrite;

/**
 * Whether a write must be on the disk when it is acknowledged. The log never keeps a commit without all commits before it, so that intents
 * are on the disk with the record that is written after them. Vectors that a loss of power deletes are written again: the intent of
 * their put survives with the record, and its deletion is a later commit than theirs.
 */
export function needsSync(write: Write): boolean {
  switch (write.kind) {
    case "remove":
      return write.isSynced;
    case "upsert":
    case "add-batch":
    case "remove-batch":
      return false;
    default:
      return true;
  }
}

/** Outcome of one write: the stored setting, the name of an exchanged setting, null for other writes, or the error if it failed alone. */
export type WriteOutcome = { readonly value: string | null } | { readonly failure: Failure };

/** How the database is opened. */
export interface OpenRequest {
  /** Absolute path of the file, which is created if it does not exist; ":memory:" for the memory of the thread. */
  readonly path: string;
  /** Whether an acknowledged write survives a loss of power, not only a crash of the process. */
  readonly durable: boolean;
  /** Bytes of vectors that are cached for searches, of all generations of the index together. */
  readonly vectorCacheBytes: number;
}

/** A page of one namespace; records live at `now` (milliseconds). */
export interface ListRequest {
  readonly namespace: string;
  readonly order: ListingOrder;
  readonly after: ListPosition | null;
  readonly limit: number;
  /** Records whose values do not match may be left out. */
  readonly filter: Filter | null;
  readonly now: number;
}

/** The encoded records of a page. */
export interface ListReply extends Pick<ListPage, "next" | "nonMatching"> {
  readonly keys: readonly string[];
  /** The records one after another: one allocation is cloned faster than many. */
  readonly cells: Uint8Array;
  /** Bytes of each record. */
  readonly lengths: readonly number[];
}

/** Asks for one record of each namespace, live at `now` (milliseconds). */
export interface PeekRequest {
  readonly paths: readonly string[];
  readonly now: number;
}

/** The encoded record that was found, without its value. */
export interface PeekReply {
  readonly key: string;
  readonly cell: Uint8Array;
}

/** A part of all rows of a table. */
export interface ScanRequest {
  /** The `next` of an earlier part; null starts at the beginning. */
  readonly after: string | null;
  /** At least 1. */
  readonly limit: number;
}

/** An encoded record with the id that its row has. */
export interface RecordRow extends ItemId {
  readonly cell: Uint8Array;
}

/** The place in the listing that a record should have. */
export interface PlaceRequest extends ItemId {
  readonly created: number;
  /** False for the marker of a delete, which is in no listing. */
  readonly hasValue: boolean;
}

/** Deletes records that expired, or were deleted, by `before` (milliseconds). */
export interface SweepRequest {
  readonly before: number;
  /** At least 1. */
  readonly limit: number;
}

/** What one transaction of a sweep deleted. */
export interface SweepReply {
  readonly removed: number;
  /** Whether nothing is left. */
  readonly isDone: boolean;
}

/** The best items among those live at `now` (milliseconds): nearest to a vector, and by terms. */
export interface RankRequest {
  readonly index: GenerationShape;
  /** Null where only terms rank. */
  readonly vector: Float32Array | null;
  /** Null where only the vector ranks. */
  readonly terms: readonly number[] | null;
  readonly prefix: string;
  readonly filter: Filter | null;
  readonly limit: number;
  readonly now: number;
}

/** A batch of intents as it is stored. */
export interface BatchRow {
  readonly id: string;
  readonly dueAt: number;
  readonly cell: Uint8Array;
}

/** Asks for what is stored of items in a generation of the index. */
interface StoredRequest {
  readonly generation: number;
  readonly ids: readonly ItemId[];
}

/** Asks for a part of the points of a generation. */
export interface PointsRequest extends ScanRequest {
  readonly generation: number;
}

/** Asks for a part of the points whose items have expired. */
export interface ExpiredRequest extends PointsRequest {
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The calls of the database thread: request and reply by name. */
export interface Calls {
  open: { readonly request: OpenRequest; readonly reply: null };
  write: { readonly request: readonly Write[]; readonly reply: readonly WriteOutcome[] };
  get: { readonly request: readonly ItemId[]; readonly reply: readonly (Uint8Array | null)[] };
  list: { readonly request: ListRequest; readonly reply: ListReply };
  peek: { readonly request: PeekRequest; readonly reply: readonly (PeekReply | null)[] };
  namespacesAfter: { readonly request: NamespaceQuery; readonly reply: NamespacePage };
  scan: { readonly request: ScanRequest; readonly reply: ScanPage<RecordRow> };
  listed: { readonly request: readonly PlaceRequest[]; readonly reply: readonly boolean[] };
  sweep: { readonly request: SweepRequest; readonly reply: SweepReply };
  stored: { readonly request: StoredRequest; readonly reply: readonly (StoredPoint | null)[] };
  /** The vectors of each item one after another, in single precision. */
  vectorsOf: { readonly request: StoredRequest; readonly reply: readonly (Uint8Array | null)[] };
  /** Whether a generation of the index exists; fails when its vectors have another length, or when it was dropped. */
  hasGeneration: { readonly request: { readonly generation: number; readonly dims: number }; readonly reply: boolean };
  /** Deletes a part of a generation; replies whether nothing is left. */
  dropGeneration: { readonly request: { readonly generation: number }; readonly reply: boolean };
  rank: { readonly request: RankRequest; readonly reply: Rankings };
  points: { readonly request: PointsRequest; readonly reply: ScanPage<IndexedPoint> };
  expired: { readonly request: ExpiredRequest; readonly reply: Omit<ScanPage<IndexedPoint>, "done"> };
  due: { readonly request: { readonly now: number; readonly limit: number }; readonly reply: readonly BatchRow[] };
  backlog: { readonly request: { readonly bound: number }; readonly reply: OutboxBacklog };
  setting: { readonly request: { readonly name: string }; readonly reply: string | null };
  close: { readonly request: null; readonly reply: null };
}

/** Name of a call. */
export type CallName = keyof Calls;

/** Answers calls; a failure is a `StoreError`. A call whose deadline is over is not sent. */
export interface DatabaseCalls {
  call<N extends CallName>(name: N, request: Calls[N]["request"], deadline?: Deadline): Promise<Calls[N]["reply"]>;
}
