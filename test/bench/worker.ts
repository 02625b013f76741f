/**
 * One system in a separate process, so that memory use and compiled code of one system do not slow another. Handles
 * requests of its parent one at a time, and exits with the parent.
 */
import { CASES, type CaseName } from "./cases.ts";
import { measure } from "./measure.ts";
import { connectTo } from "./systems/index.ts";
import type { BenchEnvironment, SystemName } from "./system.ts";
import type { Answer, Request } from "./worker-protocol.ts";

const [name, environment] = JSON.parse(process.argv[2] ?? "") as [SystemName, BenchEnvironment];
const system = await connectTo(name, environment);
/** Number of the next call of each target. Cases that write to the same namespace share it. */
let next = 0;

async function run(caseName: CaseName, forMs: number): Promise<Answer> {
  const found = CASES.find((each) => each.name === caseName);
  const call = system.calls[caseName];
  if (found === undefined || call === undefined) return { type: "absent" };
  const { clients, itemsPerCall } = system.shapes?.[caseName] ?? found;
  const { calls, ...round } = await measure(call, { clients, itemsPerCall, forMs, from: next });
  next += calls;
  return { type: "ran", round };
}

async function answer(request: Request): Promise<Answer> {
  switch (request.type) {
    case "seed":
      await system.seed();
      return { type: "done" };
    case "settle":
      await system.settle?.();
      return { type: "done" };
    case "run":
      return run(request.case, request.forMs);
    case "stop":
      await system.stop();
      return { type: "done" };
  }
}

process.on("disconnect", () => process.exit());
process.on("message", (request: Request) => {
  void answer(request)
    .catch((error: unknown): Answer => ({ type: "failed", reason: error instanceof Error ? (error.stack ?? "") : String(error) }))
    .then((reply) => {
      process.send?.(reply, () => {
        if (request.type === "stop") process.disconnect();
      });
    });
});
process.send?.({ type: "done" } satisfies Answer);
