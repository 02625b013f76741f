import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { storeConformance } from "../../src/testing/index.ts";

storeConformance({
  name: "InMemoryStore",
  create: ({ index }) => {
    const store = new InMemoryStore(index === undefined ? {} : { index });
    return Promise.resolve({ store, dispose: () => Promise.resolve() });
  },
});
