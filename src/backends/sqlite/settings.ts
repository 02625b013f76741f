import type { Settings } from "../../ports/settings.ts";
import type { DatabaseCalls } from "./requests.ts";
import type { WriteGroup } from "./write-group.ts";

/** Settings in a local file. */
export class SqliteSettings implements Settings {
  readonly #database: DatabaseCalls;
  readonly #writes: WriteGroup;

  constructor(database: DatabaseCalls, writes: WriteGroup) {
    this.#database = database;
    this.#writes = writes;
  }

  read(name: string): Promise<string | null> {
    return this.#database.call("setting", { name });
  }

  readFromAny(name: string): Promise<string | null> {
    return this.read(name);
  }

  readFromAll(name: string): Promise<string | null> {
    return this.read(name);
  }

  async establish(name: string, value: string): Promise<string> {
    // The transaction returns the stored value.
    return (await this.#writes.one({ kind: "establish", name, value })) ?? value;
  }

  async replace(name: string, value: string): Promise<void> {
    await this.#writes.one({ kind: "replace-setting", name, value });
  }

  async exchange(name: string, expected: string | null, value: string | null): Promise<boolean> {
    return (await this.#writes.one({ kind: "exchange-setting", name, expected, value })) !== null;
  }
}
