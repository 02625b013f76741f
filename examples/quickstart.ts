/**
 * A LangGraph agent with long-term memory, in one file. One thread saves memories. Another thread and another process
 * recall the relevant ones by meaning.
 *
 *   npm run quickstart                                                one local file, local embedder
 *   OPENAI_API_KEY=… npm run quickstart                               embeddings by OpenAI
 *   npm run quickstart -- --cql 127.0.0.1 --qdrant http://127.0.0.1:6333   on servers
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { END, MemorySaver, MessagesAnnotation, START, StateGraph, type LangGraphRunnableConfig } from "@langchain/langgraph";
import { OpenAIEmbeddings } from "@langchain/openai";
import { ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";

const { values: options } = parseArgs({
  options: {
    cql: { type: "string" },
    qdrant: { type: "string" },
    "data-center": { type: "string", default: "datacenter1" },
    file: { type: "string", default: "./quickstart.db" },
    "second-process": { type: "boolean", default: false },
  },
});

const facts = [
  "I am allergic to peanuts, so no satay for me.",
  "My favorite food is spicy Thai curry.",
  "On Sunday mornings I play tennis with Ana.",
  "I work as a database administrator in Oslo.",
  "My cat is called Mono.",
];

function index(): NonNullable<ScyllaDBStoreConfig["index"]> {
  return process.env["OPENAI_API_KEY"]
    ? { dims: 1536, embeddings: new OpenAIEmbeddings({ model: "text-embedding-3-small", maxRetries: 0 }), fields: ["text"] }
    : { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };
}

async function openStore(): Promise<ScyllaDBStore> {
  if (options.cql === undefined) return ScyllaDBStore.embedded({ path: options.file, index: index() });
  if (options.qdrant === undefined) throw new Error("--cql HOST requires --qdrant URL.");
  return ScyllaDBStore.connect({
    cql: { contactPoints: [options.cql], localDataCenter: options["data-center"], keyspace: "langgraph_quickstart" },
    qdrant: { url: options.qdrant },
    index: index(),
  });
}

type State = typeof MessagesAnnotation.State;

function memoriesOf(config: LangGraphRunnableConfig): string[] {
  return ["users", String(config.configurable?.["user_id"]), "memories"];
}

/** Saves what the user says. The key is a hash of the text, so repeating a sentence stores one memory. */
async function remember(state: State, config: LangGraphRunnableConfig): Promise<Partial<State>> {
  const text = state.messages.at(-1)?.text ?? "";
  const key = createHash("sha256").update(text).digest("hex").slice(0, 16);
  await config.store?.put(memoriesOf(config), key, { text });
  return { messages: [new AIMessage("I will remember that.")] };
}

/** Answers a question with the memories closest to it in meaning. */
async function recall(state: State, config: LangGraphRunnableConfig): Promise<Partial<State>> {
  const query = state.messages.at(-1)?.text ?? "";
  const found = (await config.store?.search(memoriesOf(config), { query, limit: 2 })) ?? [];
  const lines = found.map(({ score, value }) => `${score?.toFixed(3)}  ${String(value["text"])}`);
  return { messages: [new AIMessage(lines.join("\n"))] };
}

function isQuestion({ messages }: State): "recall" | "remember" {
  return messages.at(-1)?.text.endsWith("?") ? "recall" : "remember";
}

async function converse(store: ScyllaDBStore, threadId: string, messages: readonly string[]): Promise<void> {
  const graph = new StateGraph(MessagesAnnotation)
    .addNode("remember", remember)
    .addNode("recall", recall)
    .addConditionalEdges(START, isQuestion, ["remember", "recall"])
    .addEdge("remember", END)
    .addEdge("recall", END)
    // Without it, one failed call fails every store call that the graph makes in the same tick.
    .compile({ store: store.with({ batchErrors: "positional" }), checkpointer: new MemorySaver() });
  for (const message of messages) {
    const { messages: answers } = await graph.invoke(
      { messages: [new HumanMessage(message)] },
      { configurable: { thread_id: threadId, user_id: "mia" } },
    );
    const answer = (answers.at(-1)?.text ?? "").replaceAll("\n", "\n        ");
    console.log(` user   ${message}\n agent  ${answer}`);
  }
}

if (!options["second-process"] && options.cql === undefined) {
  for (const suffix of ["", "-wal", "-shm"]) await rm(options.file + suffix, { force: true });
}

const store = await openStore();
try {
  if (options["second-process"]) {
    console.log("\nAnother process, the same data:");
    await converse(store, "thread-3", ["Which dishes would suit this guest?", "What pet lives with the user?"]);
  } else {
    console.log(`Store: ${options.cql === undefined ? options.file : `${options.cql} + ${options.qdrant}`}\n\nOne thread saves:`);
    await converse(store, "thread-1", facts);
    console.log("\nAnother thread asks:");
    await converse(store, "thread-2", ["What should I cook for dinner?", "Which sport does she do at the weekend?"]);
  }
} finally {
  await store.stop();
}

if (!options["second-process"]) {
  const again = [fileURLToPath(import.meta.url), ...process.argv.slice(2), "--second-process"];
  process.exitCode = spawnSync(process.execPath, again, { stdio: "inherit" }).status ?? 1;
}
