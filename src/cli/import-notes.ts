import type { ImportReport } from "../operator/import.ts";
import { note, type Terminal } from "./terminal.ts";

/** Prints why vectors of a file were not used. */
export function noteIgnoredVectors(terminal: Terminal, { vectors: { ignored, reason } }: ImportReport): void {
  if (reason !== null) note(terminal, `The vectors of ${ignored} items were not used. ${reason}`);
}
