import { setTimeout as pause } from "node:timers/promises";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";

/** An embedding provider that can fail or be slow. */
export class SwitchedEmbeddings extends HashEmbeddings {
  down = false;
  /** Latency of a call for documents in milliseconds. */
  delayMs = 0;

  override async embedDocuments(documents: string[]): Promise<number[][]> {
    if (this.delayMs > 0) await pause(this.delayMs);
    return super.embedDocuments(documents);
  }

  protected override vectorOf(text: string): number[] {
    if (this.down) throw new Error("the provider is down");
    return super.vectorOf(text);
  }
}
