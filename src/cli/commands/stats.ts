import { command } from "../command.ts";
import { continuable } from "../continuable.ts";
import { EXIT } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

export const stats = command({
  name: "stats",
  summary: "Connects to the store, and prints the counts and latencies of this command's own calls.",
  details: "Each process has its own statistics: to see those of an application, call store.stats() in it. For the state of the servers, use health.",
  examples: ["stats", "stats --json"],
  opensStore: true,
  changes: false,
  stopsAfterPart: true,
  run: ({ terminal, program, given, flags }) =>
    continuable({ terminal, program, given }, { hasResume: false }, () =>
      withStore(terminal, flags, async (store) => {
        await store.health();
        terminal.signal.throwIfAborted();
        const measured = store.stats();
        if (flags.json === true) await print(terminal, JSON.stringify(measured));
        else for (const line of fieldLines({ ...measured })) await print(terminal, line);
        return EXIT.ok;
      }),
    ),
});
