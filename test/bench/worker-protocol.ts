/** What the benchmark and its workers say to each other. */
import type { CaseName } from "./cases.ts";
import type { Round } from "./measure.ts";

/** A request to a worker. */
export type Request =
  | { readonly type: "seed" | "settle" | "stop" }
  | { readonly type: "run"; readonly case: CaseName; readonly forMs: number };

/** What it answers. */
export type Answer =
  | { readonly type: "done" }
  /** The system has no such case. */
  | { readonly type: "absent" }
  | { readonly type: "ran"; readonly round: Round }
  | { readonly type: "failed"; readonly reason: string };
