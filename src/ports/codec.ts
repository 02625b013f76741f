/** The record that a value belongs to. A codec that authenticates all of it notices a value that was moved to another record. */
export interface CodecContext {
  /** Labels of the namespace, the root of any view included. */
  readonly namespace: readonly string[];
  readonly key: string;
  /** How the value is written: JSON, or JSON in which some objects stand for other types. */
  readonly kind: "json" | "typed-json";
  /** Version of the put that created the item, microseconds since the epoch. */
  readonly created: number;
  /** Version of the record, microseconds since the epoch. */
  readonly version: number;
  /** Random identity of the write. */
  readonly writeId: string;
  /** When the item expires, milliseconds since the epoch; null if it does not. */
  readonly expiresAt: number | null;
  /** Time to live that a read renews, milliseconds; null if there is none. */
  readonly ttlMs: number | null;
}

/**
 * Changes values on their way to the database and back, to encrypt or to compress them. It sees the bytes of a value
 * and what it belongs to; either method may return a promise.
 */
export interface Codec {
  /**
   * Whether values that were stored without a codec are read as they are: for the time until all are written again. By
   * default they are errors, as anyone who can write to the database can store one.
   */
  readonly acceptUnencrypted?: boolean;

  /**
   * Makes it ready, where it has to be; called when a store starts, before anything is encoded or decoded, and again at
   * each reload that changes something, while it may be in use. One that rejects then must leave it as it was.
   *
   * @param follow - gives the secret that a reference such as `vault://kv/agents#key` stands for, and any other text as it
   *   is; `option` says where it stands, for messages
   */
  start?(follow: (text: string, option: string) => Promise<string>): void | Promise<void>;

  /**
   * What is stored of a value; a rejection fails the put, and nothing is saved. Called again with a later `expiresAt` when
   * a read renews the time to live.
   */
  encode(bytes: Uint8Array, context: CodecContext): Uint8Array | Promise<Uint8Array>;

  /** The value of what is stored, of all that {@link encode} ever made; a rejection fails the reading of that item only. */
  decode(bytes: Uint8Array, context: CodecContext): Uint8Array | Promise<Uint8Array>;
}
