/** Facts about the stored data that all processes must agree on, stored with the records. */
export interface Settings {
  /** Returns the value of a setting; null when it is not set. */
  read(name: string): Promise<string | null>;

  /**
   * The same from any one replica, so that it works while a quorum is down. The value may be outdated, but not older than what
   * the last {@link readFromAll} of any process has returned.
   */
  readFromAny(name: string): Promise<string | null>;

  /**
   * The same from all replicas, after which all of them have this value or a later one.
   *
   * @throws {UnavailableError} while a replica is down.
   */
  readFromAll(name: string): Promise<string | null>;

  /**
   * Sets a setting that is not set yet, and returns the resulting value, which is the same for all concurrent processes.
   */
  establish(name: string, value: string): Promise<string>;

  /** Sets or replaces a setting; the last of concurrent writes wins. */
  replace(name: string, value: string): Promise<void>;

  /**
   * Replaces the value `expected` by `value` atomically; null means that the setting is not set, or removes it. Of concurrent
   * exchanges of the same value exactly one succeeds. A setting that is exchanged must not be replaced, and once removed it
   * must not be established: the clocks of processes and servers differ.
   *
   * An exchange that fails with an error may have taken effect, also later: the next exchange resolves it.
   *
   * @returns whether the setting had the expected value and was replaced.
   */
  exchange(name: string, expected: string | null, value: string | null): Promise<boolean>;
}
