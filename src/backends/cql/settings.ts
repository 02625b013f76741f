/** Settings in CQL. */
import { setTimeout as pause } from "node:timers/promises";
import { SchemaError } from "../../model/errors.ts";
import type { Settings } from "../../ports/settings.ts";
import type { CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";
import { bigint } from "./values.ts";

/** What the settings work with. */
export interface CqlSettingsParts {
  readonly session: CqlSession;
  readonly statements: Statements;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * A first value is written at this timestamp less the milliseconds since the epoch: of several first values the
 * earliest therefore has the greatest timestamp and stands, and one that comes late changes nothing. All of these lie
 * decades before any clock, so a later change, at the time of the clock, replaces them.
 */
const FIRST_VALUE_EPOCH = 10_000_000_000_000;

/**
 * How long a first value is watched before it is relied on: one that was begun a moment earlier may still be on its way,
 * and would replace it. One that takes longer than this is the one case in which two processes may read two values.
 */
const SETTLING_MS = 500;

/** A first value of this age is settled, whatever the difference between the clocks of its writer and of its reader. */
const SETTLED_AGE_MS = 10_000;

/** A setting as it is stored. */
interface StoredSetting {
  readonly value: string;
  /** Timestamp of its write. */
  readonly timestamp: number;
}

/**
 * Keeps settings in the table `settings`. Without lightweight transactions, which ScyllaDB with tablets may refuse: of
 * values that are written at once, the earliest stands, and of the same millisecond the greatest, on every replica.
 */
export class CqlSettings implements Settings {
  readonly #parts: CqlSettingsParts;

  constructor(parts: CqlSettingsParts) {
    this.#parts = parts;
  }

  async read(name: string): Promise<string | null> {
    return (await this.#stored(name))?.value ?? null;
  }

  async establish(name: string, value: string): Promise<string> {
    const { session, statements, now } = this.#parts;
    if ((await this.#stored(name)) === null) {
      const timestamp = bigint(FIRST_VALUE_EPOCH - now());
      await session.write({ query: statements.writeSetting, params: [name, value, timestamp] });
    }
    let current = await this.#present(name);
    while (this.#isFresh(current)) {
      await pause(SETTLING_MS);
      const before = current;
      current = await this.#present(name);
      if (current.timestamp === before.timestamp && current.value === before.value) break;
    }
    return current.value;
  }

  async replace(name: string, value: string): Promise<void> {
    const { session, statements, now } = this.#parts;
    await session.write({ query: statements.writeSetting, params: [name, value, bigint(now() * 1_000)] });
  }

  #isFresh({ timestamp }: StoredSetting): boolean {
    return timestamp < FIRST_VALUE_EPOCH && this.#parts.now() - (FIRST_VALUE_EPOCH - timestamp) < SETTLED_AGE_MS;
  }

  async #present(name: string): Promise<StoredSetting> {
    const stored = await this.#stored(name);
    if (stored !== null) return stored;
    throw new SchemaError(`The setting "${name}" was written and is gone: something else deletes from its table.`);
  }

  async #stored(name: string): Promise<StoredSetting | null> {
    const { session, statements } = this.#parts;
    const [row] = await session.rows(statements.readSetting, [name], "read");
    const value = row?.["value"];
    return typeof value === "string" ? { value, timestamp: Number(String(row?.["timestamp"])) } : null;
  }
}
