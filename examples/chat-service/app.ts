/** The routes of the chat service: one agent and one store for all requests. */
import { createAgent } from "langchain";
import { MemorySaver, type BaseStore } from "@langchain/langgraph";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { createMemoryMiddleware, createMemoryTools } from "langgraph-store-scylladb/tools";
import { z } from "zod";

const PLACE = { namespace: ["users", "{user_id}", "memories"] };
const Body = z.object({ thread: z.string().min(1).max(100), message: z.string().min(1).max(10_000) });

/** What the service is made of. */
export interface ChatParts {
  readonly model: BaseChatModel;
  readonly store: BaseStore & { health?(): Promise<{ status: string }> };
  /** The user of a request: whatever authenticates yours. Null when there is none. */
  readonly userOf: (headers: Headers) => string | null;
}

/** The service, without a server. */
export function chatApp({ model, store, userOf }: ChatParts): Hono {
  // Conversations in memory; use a durable checkpointer in production.
  const checkpointer = new MemorySaver();
  const agent = createAgent({ model, store, checkpointer, tools: createMemoryTools(PLACE), middleware: [createMemoryMiddleware(PLACE)] });
  const app = new Hono();

  app.get("/health", async (context) => {
    const health = (await store.health?.()) ?? { status: "unknown" };
    return context.json({ status: health.status }, health.status === "down" ? 503 : 200);
  });

  app.post("/chat", async (context) => {
    const user = userOf(context.req.raw.headers);
    if (user === null) return context.json({ error: "Authenticate first." }, 401);
    const body = Body.safeParse(await context.req.json().catch(() => null));
    if (!body.success) return context.json({ error: z.prettifyError(body.error) }, 400);
    const { thread, message } = body.data;
    return streamSSE(context, async (stream) => {
      const abort = new AbortController();
      // A client that goes away must not leave a run behind.
      stream.onAbort(() => abort.abort());
      try {
        const run = await agent.stream(
          { messages: [{ role: "user", content: message }] },
          // A thread id of one user must not open the conversation of another.
          { configurable: { thread_id: JSON.stringify([user, thread]), user_id: user }, streamMode: "messages", signal: abort.signal },
        );
        for await (const [chunk] of run) {
          if (chunk.getType() === "ai" && chunk.text !== "") await stream.writeSSE({ event: "token", data: JSON.stringify(chunk.text) });
        }
        await stream.writeSSE({ event: "done", data: "{}" });
      } catch (error) {
        if (abort.signal.aborted) return;
        console.error(error);
        await stream.writeSSE({ event: "error", data: JSON.stringify("The answer failed. Try again.") });
      }
    });
  });
  return app;
}
