/** Facts about the stored data that every process must agree on, kept beside the records. */
export interface Settings {
  /** The value of a setting, or null. */
  read(name: string): Promise<string | null>;

  /**
   * Writes a setting that is not there yet and returns the one that stands. Of several processes that write at once,
   * all get the same answer.
   */
  establish(name: string, value: string): Promise<string>;

  /** Writes a setting, also over one that is there. Of several processes that write at once, the last one stands. */
  replace(name: string, value: string): Promise<void>;
}
