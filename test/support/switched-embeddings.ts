import { HashEmbeddings } from "langgraph-store-scylladb/testing";

/** An embedding provider that can be switched off. */
export class SwitchedEmbeddings extends HashEmbeddings {
  down = false;

  protected override vectorOf(text: string): number[] {
    if (this.down) throw new Error("the provider is down");
    return super.vectorOf(text);
  }
}
