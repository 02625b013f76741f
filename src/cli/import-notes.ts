import type { ImportReport } from "../operator/import-report.ts";
import { note, type Terminal } from "./terminal.ts";

/** Prints why vectors of a file were not used, and which ones are not written yet. */
export function noteVectors(terminal: Terminal, { vectors: { ignored, reason, pending, pendingReason } }: ImportReport): void {
  if (reason !== null) note(terminal, `The vectors of ${ignored} items were not used. ${reason}`);
  if (pendingReason !== null) note(terminal, `${pending} items are stored without their vectors. ${pendingReason} A running store writes them; to write them now: scylladb-store reconcile`);
}
