// Written by npm run docs:config from the schema of the configuration. Do not edit.
/** The local file of an embedded store. */
export interface EmbeddedOptions {
  /**
   * Size of the vector cache of a process, in bytes; a vector takes 4 bytes per dimension. Every search reads the vectors that do not fit from the file: raise the size when the vectors that are searched often take more.
   *
   * @default 268435456
   */
  vectorCacheBytes?: number | undefined;
}
