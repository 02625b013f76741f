/** Settings in CQL. */
import { setTimeout as pause } from "node:timers/promises";
import { SchemaError } from "../../model/errors.ts";
import type { Settings } from "../../ports/settings.ts";
import type { CqlSession, Row } from "./session.ts";
import type { Statements } from "./statements.ts";
import { bigint } from "./values.ts";

/** Dependencies of the settings. */
export interface CqlSettingsParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * The first value of a setting is written with this timestamp minus the milliseconds since the epoch, so that of several
 * first values the earliest has the greatest timestamp and wins. These timestamps are decades in the past, so a later change
 * with the current time replaces them.
 */
const FIRST_VALUE_EPOCH = 10_000_000_000_000;

/**
 * Time for which a first value is read again before it is used, because an earlier write in flight would replace it. Only if
 * that write takes longer may two processes read different values.
 */
const SETTLING_MS = 500;

/** Age at which a first value is final, regardless of clock skew. */
const SETTLED_AGE_MS = 10_000;

/** From which replicas a setting is read. */
type SettingsPurpose = "settings" | "settings-any" | "settings-all";

/** A stored setting. */
interface StoredSetting {
  readonly value: string;
  /** Timestamp of its write. */
  readonly timestamp: number;
}

/** When this process first read a first value that an earlier one may still replace. */
interface Observation extends StoredSetting {
  /** Monotonic time in milliseconds. */
  readonly at: number;
}

/**
 * Stores settings in the table `settings`. Only `exchange` uses lightweight transactions, which ScyllaDB with tablets rejects
 * before 2025.4: what a store needs to start does without. Of concurrent first values the earliest wins, and of the same
 * millisecond the greatest, on every replica.
 */
export class CqlSettings implements Settings {
  readonly #parts: CqlSettingsParts;
  /** Timestamps of the latest values that `read` and `readFromAny` have returned. */
  readonly #latest = new Map<string, number>();
  readonly #observed = new Map<string, Observation>();

  constructor(parts: CqlSettingsParts) {
    this.#parts = parts;
  }

  async read(name: string): Promise<string | null> {
    return this.#returned(name, await this.#stored(name));
  }

  async readFromAny(name: string): Promise<string | null> {
    const found = await this.#stored(name, "settings-any");
    const latest = this.#latest.get(name);
    // A replica that missed a change, or a removal: a quorum knows.
    const isOutdated = latest !== undefined && (found === null || found.timestamp < latest);
    return isOutdated ? this.read(name) : this.#returned(name, found);
  }

  async readFromAll(name: string): Promise<string | null> {
    return (await this.#stored(name, "settings-all"))?.value ?? null;
  }

  async establish(name: string, value: string): Promise<string> {
    const { session, statements, now } = this.#parts;
    if ((await this.#stored(name)) === null) {
      const timestamp = bigint(FIRST_VALUE_EPOCH - now());
      await session.write({ query: statements.writeSetting, params: [name, value, timestamp] });
    }
    for (;;) {
      const asked = performance.now();
      const current = await this.#present(name);
      if (!this.#isFresh(current)) return current.value;
      const remaining = SETTLING_MS - (asked - this.#observe(name, current));
      if (remaining <= 0) return current.value;
      // The other first values of a new keyspace are established next: all of them settle during one pause.
      await this.#observeAll();
      await pause(remaining);
    }
  }

  async replace(name: string, value: string): Promise<void> {
    const { session, statements, now } = this.#parts;
    await session.write({ query: statements.writeSetting, params: [name, value, bigint(now() * 1_000)] });
  }

  async exchange(name: string, expected: string | null, value: string | null): Promise<boolean> {
    const { session, statements } = this.#parts;
    if (expected !== null && value !== null) return session.writeIf({ query: statements.replaceSettingIf, params: [value, name, expected] });
    if (expected !== null) return session.writeIf({ query: statements.removeSettingIf, params: [name, expected] });
    if (value !== null) return session.writeIf({ query: statements.addSettingIfAbsent, params: [name, value] });
    return (await this.read(name)) === null;
  }

  #returned(name: string, stored: StoredSetting | null): string | null {
    if (stored === null) this.#latest.delete(name);
    else this.#latest.set(name, stored.timestamp);
    return stored?.value ?? null;
  }

  #isFresh({ timestamp }: StoredSetting): boolean {
    return timestamp < FIRST_VALUE_EPOCH && this.#parts.now() - (FIRST_VALUE_EPOCH - timestamp) < SETTLED_AGE_MS;
  }

  /** Returns the monotonic time at which this process first read this value. */
  #observe(name: string, { value, timestamp }: StoredSetting): number {
    const before = this.#observed.get(name);
    if (before !== undefined && before.value === value && before.timestamp === timestamp) return before.at;
    const at = performance.now();
    this.#observed.set(name, { value, timestamp, at });
    return at;
  }

  async #observeAll(): Promise<void> {
    const { session, statements } = this.#parts;
    for (const row of await session.rows(statements.readSettings, [], "settings")) {
      const stored = storedIn(row);
      if (stored !== null && this.#isFresh(stored)) this.#observe(String(row["name"]), stored);
    }
  }

  async #present(name: string): Promise<StoredSetting> {
    const stored = await this.#stored(name);
    if (stored !== null) return stored;
    throw new SchemaError(`The setting "${name}" was written and has disappeared: another program deletes from its table.`);
  }

  async #stored(name: string, purpose: SettingsPurpose = "settings"): Promise<StoredSetting | null> {
    const { session, statements } = this.#parts;
    return storedIn((await session.rows(statements.readSetting, [name], purpose))[0]);
  }
}

function storedIn(row: Row | undefined): StoredSetting | null {
  const value: unknown = row?.["value"];
  return typeof value === "string" ? { value, timestamp: Number(String(row?.["timestamp"])) } : null;
}
