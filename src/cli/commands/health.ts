import type { Health } from "../../telemetry/health.ts";
import { command } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { withStore } from "../open-store.ts";
import { fieldLines } from "../table.ts";
import { print } from "../terminal.ts";

const EXITS: Readonly<Record<Health["status"], ExitCode>> = { ok: EXIT.ok, degraded: EXIT.problem, down: EXIT.unreachable };

export const health = command({
  name: "health",
  summary: "Checks every service within two seconds. Exit code 1 when degraded, 3 when down.",
  examples: ["health", "health --json"],
  opensStore: true,
  changes: false,
  run: ({ terminal, flags }) =>
    withStore(terminal, flags, async (store) => {
      const report = await store.health();
      if (flags.json === true) await print(terminal, JSON.stringify(report));
      else for (const line of fieldLines({ ...report })) await print(terminal, line);
      return EXITS[report.status];
    }),
});
