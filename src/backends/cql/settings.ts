/** Settings in CQL. */
import { setTimeout as pause } from "node:timers/promises";
import { SchemaError } from "../../model/errors.ts";
import type { Settings } from "../../ports/settings.ts";
import { bigint, type CqlSession } from "./session.ts";
import type { Statements } from "./statements.ts";

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

/** How long a first value is watched: a process that began a moment earlier may still be writing its own. */
const SETTLING_MS = 200;

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
    const { session, statements } = this.#parts;
    const [row] = await session.rows(statements.readSetting, [name], "read");
    const value = row?.["value"];
    return typeof value === "string" ? value : null;
  }

  async establish(name: string, value: string): Promise<string> {
    const stored = await this.read(name);
    if (stored !== null) return stored;
    const { session, statements, now } = this.#parts;
    const timestamp = bigint(FIRST_VALUE_EPOCH - now());
    await session.write({ query: statements.writeSetting, params: [name, value, timestamp] });
    await pause(SETTLING_MS);
    const standing = await this.read(name);
    if (standing !== null) return standing;
    throw new SchemaError(`The setting "${name}" was written and is gone: something else deletes from its table.`);
  }
}
