/**
 * A deep agent whose files under /memories/ are items of the store: `npm run example:deepagents`. One conversation writes a file, another reads it.
 * Other files live in the state of their conversation.
 */
import type { Item } from "@langchain/langgraph-checkpoint";
import { MemorySaver } from "@langchain/langgraph";
import { CompositeBackend, createDeepAgent, StateBackend, StoreBackend } from "deepagents";
import { ChatOpenAI } from "@langchain/openai";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { ScriptedModel } from "../support/scripted-model.ts";

const store = await ScyllaDBStore.embedded({ path: process.env["STORE_FILE"] ?? ":memory:" });

/** The files of the run's user. Without one there is no namespace to share. */
function filesOf(user: unknown): string[] {
  if (typeof user !== "string" || user === "") throw new Error("Pass configurable.user_id.");
  return ["users", user, "files"];
}

const scripted = new ScriptedModel((messages) => {
  const last = messages.at(-1);
  const text = last?.text ?? "";
  if (last?.getType() === "tool") return text;
  return text.startsWith("Note:")
    ? [{ name: "write_file", args: { file_path: "/memories/notes.md", content: text.slice("Note:".length).trim() } }]
    : [{ name: "read_file", args: { file_path: "/memories/notes.md" } }];
});

const agent = createDeepAgent({
  model: process.env["OPENAI_API_KEY"] ? new ChatOpenAI({ model: process.env["OPENAI_MODEL"] ?? "gpt-5-mini" }) : scripted,
  store,
  checkpointer: new MemorySaver(),
  backend: new CompositeBackend(new StateBackend(), { "/memories/": new StoreBackend({ namespace: ({ config }) => filesOf(config?.configurable?.["user_id"]) }) }),
  systemPrompt: "Keep what you learn about the user in /memories/notes.md, and read it before you answer questions about the user.",
});

async function say(thread: string, content: string, user = "mia"): Promise<void> {
  const { messages } = await agent.invoke({ messages: [{ role: "user", content }] }, { configurable: { thread_id: thread, user_id: user } });
  console.log(`[${user}, ${thread}] ${content}\n    → ${messages.at(-1)?.text.trim() ?? ""}`);
}

await say("thread-1", "Note: Mia is allergic to peanuts");
await say("thread-2", "What do you know about me?");
await say("thread-3", "What do you know about me?", "ana");
const files: Item[] = await store.search(["users"]);
console.log("items:", files.map(({ namespace, key }) => [...namespace, key].join(" ")));
await store.stop();
