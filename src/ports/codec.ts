/** The record of a value. A codec that authenticates all fields detects a value that was copied to another record. */
export interface CodecContext {
  /** Labels of the namespace, including the root of the view. */
  readonly namespace: readonly string[];
  readonly key: string;
  /** Encoding of the value: JSON, or JSON with markers for other types. */
  readonly kind: "json" | "typed-json";
  /** Version of the put that created the item, microseconds since the epoch. */
  readonly created: number;
  /** Version of the record, microseconds since the epoch. */
  readonly version: number;
  /** Random id of the write. */
  readonly writeId: string;
  /** When the item expires, milliseconds since the epoch; null if it does not. */
  readonly expiresAt: number | null;
  /** Time to live that a read refreshes, milliseconds; null without one. */
  readonly ttlMs: number | null;
}

/**
 * Transforms values before they are stored and after they are read, for example to encrypt or compress them. Both methods
 * receive the bytes of a value and its record, and may return a promise.
 */
export interface Codec {
  /**
   * Whether values stored without a codec are returned unchanged. Use it until all values are rewritten. By default such a
   * value is an error, because anyone with write access to the database could store one.
   */
  readonly acceptUnencrypted?: boolean;

  /**
   * Prepares the codec. Called when a store starts, before any value is encoded or decoded, and again at each reload that
   * changes an option, while the codec may be in use. A failed reload must leave the codec unchanged.
   *
   * @param resolve - resolves a secret reference such as `vault://kv/agents#key`, and returns other text unchanged; `option`
   *   is the path of the option, for messages
   */
  start?(resolve: (text: string, option: string) => Promise<string>): void | Promise<void>;

  /**
   * Encodes a value for storage. A rejection fails the put, and nothing is stored. Called again with a later `expiresAt`
   * when a read refreshes the time to live.
   */
  encode(bytes: Uint8Array, context: CodecContext): Uint8Array | Promise<Uint8Array>;

  /** Decodes a stored value; must accept every earlier result of {@link encode}. A rejection fails the read of that item only. */
  decode(bytes: Uint8Array, context: CodecContext): Uint8Array | Promise<Uint8Array>;
}
