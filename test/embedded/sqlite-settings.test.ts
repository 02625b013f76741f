import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteBackend } from "../../src/backends/sqlite/index.ts";
import { settingsSuite } from "../../src/testing/settings-suite.ts";

settingsSuite({
  name: "The settings in a local file",
  async create() {
    const directory = await mkdtemp(join(tmpdir(), "sqlite-settings-"));
    const open = async (): Promise<SqliteBackend> => {
      const backend = new SqliteBackend({ path: join(directory, "store.db"), dims: null });
      await backend.start();
      return backend;
    };
    const first = await open();
    const second = await open();
    return {
      settings: first.settings,
      others: second.settings,
      async dispose() {
        await Promise.all([first.stop(), second.stop()]);
        await rm(directory, { recursive: true });
      },
    };
  },
});
