/** A step of a real graph, whose node uses the store through LangGraph's wrapper. */
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import * as corpus from "./corpus.ts";
import type { Call } from "./system.ts";

const State = Annotation.Root({ n: Annotation<number>, found: Annotation<number> });

/** One invocation: the node searches the user's memories and stores a new one. */
export function graphStep(store: BaseStore): Call {
  const graph = new StateGraph(State)
    .addNode("remember", async ({ n }, { store: wrapped }) => {
      if (wrapped === undefined) throw new Error("The graph has no store");
      const found = await wrapped.search(corpus.tenant(n), { query: corpus.question(n), limit: 5 });
      await wrapped.put(["graph", `user-${n % 50}`], `item-${n}`, corpus.memory(n));
      return { found: found.length };
    })
    .addEdge(START, "remember")
    .addEdge("remember", END)
    .compile({ store });
  return (n) => graph.invoke({ n, found: 0 });
}
