// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** The local file of an embedded store. */
export interface EmbeddedOptions {
  /**
   * Bytes of vectors that a process keeps in memory, packed, for searches; a vector takes 4 bytes a number. Vectors beyond it are read from the file by every search: raise it when the vectors that are searched often take more.
   *
   * @default 268435456
   */
  vectorCacheBytes?: number | undefined;
}
