/** Values as CQL has them, whatever a client was configured to take and to give. */
import { types } from "cassandra-driver";
import type { Row } from "./session.ts";

/**
 * A CQL bigint. As bytes, because what else the driver takes for one depends on how a client was configured, and a
 * caller's own client may be configured in any way.
 */
export function bigint(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return bytes;
}

/** A CQL bigint of a row: a Long or a BigInt, as the client is configured. A listing reads two a row: printing was a tenth of it. */
export function numberIn(row: Row, column: string): number {
  const value = row[column];
  return value instanceof types.Long ? value.toNumber() : Number(String(value));
}

/** A CQL int, as bytes. */
export function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** The key of a partition of several columns, from the values of these as bytes. */
export function partitionKey(...values: readonly Buffer[]): Buffer {
  const parts = values.flatMap((value) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(value.byteLength);
    return [length, value, Buffer.of(0)];
  });
  return Buffer.concat(parts);
}
