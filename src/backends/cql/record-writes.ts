/** The statements that write a record and its listing entry into a partition. */
import type { ItemRecord } from "../../model/item.ts";
import type { Statement } from "./session.ts";
import type { Statements } from "./statements.ts";
import { entryExpiryOf } from "./time-to-live.ts";
import { bigint, int, partitionKey } from "./values.ts";

/** The cells of a record, and how they are written. */
export interface RecordCells {
  readonly cell: Buffer;
  readonly head: Buffer;
  /** Microseconds. */
  readonly timestamp: number;
  /** Native TTL, seconds; 0 for none. */
  readonly ttl: number;
}

/** The writes of a record. */
export interface RecordWrites {
  readonly entry: Statement;
  readonly item: Statement;
}

/**
 * Largest record that is batched with its entry: servers reject larger batches, Cassandra by default above 50 KiB.
 */
const LARGEST_BATCHED_RECORD = 40_000;

/** Whether a record of this size is batched with its entry. */
export function fitsBatch(cell: Buffer): boolean {
  return cell.byteLength <= LARGEST_BATCHED_RECORD;
}

/** Returns the writes of a record into a bucket of its namespace. */
export function recordWrites(statements: Statements, bucket: number, record: ItemRecord, { cell, head, timestamp, ttl }: RecordCells): RecordWrites {
  const { namespace, key, created } = record;
  const using = [bigint(timestamp), ttl];
  return {
    entry: { query: statements.writeEntry, params: [namespace, bucket, bigint(created), key, bigint(entryExpiryOf(record)), ...using] },
    item: { query: statements.writeItem, params: [namespace, bucket, key, cell, head, ...using] },
  };
}

/** Both writes as one prepared statement, which is a seventh cheaper than a batch of the driver. */
export function recordBatch(statements: Statements, bucket: number, namespace: string, { entry, item }: RecordWrites): Statement {
  const partition = partitionKey(Buffer.from(namespace), int(bucket));
  return { query: statements.writeItemWithEntry, params: [...entry.params, ...item.params], partition };
}
