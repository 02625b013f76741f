import type { ScyllaDBStore } from "../../scylladb-store.ts";
import { prefixOf } from "../arguments.ts";
import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { Progress } from "../progress.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

interface Flags {
  readonly prefix?: string;
  readonly vectors?: boolean;
  readonly resume?: boolean;
}

export const backup = command<Flags>({
  name: "backup",
  summary: "Writes a logical backup into a folder: an export, and a manifest with its digest.",
  details: "The backup may or may not contain items that are written while it runs. For snapshots of the databases, see docs/disaster-recovery.md.",
  examples: ["backup backups/2026-01-31", "backup backups/mia --prefix users.mia", "backup backups/full --vectors"],
  opensStore: true,
  changes: false,
  stopsAfterPart: true,
  define: (program) =>
    program
      .argument("<folder>", "created if it does not exist")
      .option("--prefix <namespace>", "only items at or below this namespace")
      .option("--vectors", "also writes the stored vectors: a store with the same model and index rules then embeds nothing")
      .option("--resume", "continues a backup into this folder that was interrupted"),
  run: ({ terminal, program, given, args: [folder = ""], flags: { prefix, vectors, resume, json, ...flags } }) =>
    withStore(terminal, flags, async (store) => {
      const progress = new Progress(terminal, "Backing up");
      const options: Parameters<ScyllaDBStore["backup"]>[1] = {
        prefix: prefixOf(prefix),
        signal: terminal.signal,
        onProgress: ({ done, items }) => progress.report(done, `${items} items`),
        ...(vectors === undefined ? {} : { vectors }),
        ...(resume === undefined ? {} : { resume }),
      };
      const manifest = await continuable({ terminal, program, given }, { hasResume: true, progress }, () =>
        store.backup(folder, options).finally(() => progress.stop()),
      );
      if (json === true) await print(terminal, JSON.stringify(manifest));
      else for (const line of fieldLines({ ...manifest })) await print(terminal, line);
      return manifest.unreadable > 0 ? EXIT.problem : EXIT.ok;
    }),
});
