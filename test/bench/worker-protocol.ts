/** The protocol between the benchmark and its workers. */
import type { CaseName } from "./cases.ts";
import type { Round } from "./measure.ts";

/** A request to a worker. */
export type Request =
  | { readonly type: "seed" | "settle" | "stop" }
  | { readonly type: "run"; readonly case: CaseName; readonly forMs: number };

/** A response of a worker. */
export type Answer =
  | { readonly type: "done" }
  /** The system does not support the case. */
  | { readonly type: "absent" }
  | { readonly type: "ran"; readonly round: Round }
  | { readonly type: "failed"; readonly reason: string };
