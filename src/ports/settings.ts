/** Facts about the stored data that all processes must agree on, stored with the records. */
export interface Settings {
  /** Returns the value of a setting; null when it is not set. */
  read(name: string): Promise<string | null>;

  /**
   * Sets a setting that is not set yet, and returns the resulting value, which is the same for all concurrent processes.
   */
  establish(name: string, value: string): Promise<string>;

  /** Sets or replaces a setting; the last of concurrent writes wins. */
  replace(name: string, value: string): Promise<void>;
}
