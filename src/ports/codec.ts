/** What a value belongs to. */
export interface CodecContext {
  /** Labels of the namespace, the root of any view included. */
  readonly namespace: readonly string[];
  readonly key: string;
}

/**
 * Changes values on their way to the database and back, to encrypt or to compress them. It sees the bytes of a value
 * and what it belongs to; either method may return a promise.
 */
export interface Codec {
  /**
   * Makes it ready, where it has to be; called when a store starts, before anything is encoded or decoded, and again at
   * each reload that changes something, while it may be in use. One that rejects then must leave it as it was.
   *
   * @param follow - gives the secret that a reference such as `vault://kv/agents#key` stands for, and any other text as it
   *   is; `option` says where it stands, for messages
   */
  start?(follow: (text: string, option: string) => Promise<string>): void | Promise<void>;

  /** What is stored of a value; a rejection fails the put, and nothing is saved. */
  encode(bytes: Uint8Array, context: CodecContext): Uint8Array | Promise<Uint8Array>;

  /** The value of what is stored, of all that {@link encode} ever made; a rejection fails the reading of that item only. */
  decode(bytes: Uint8Array, context: CodecContext): Uint8Array | Promise<Uint8Array>;
}
