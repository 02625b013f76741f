/** POST /api/chat: streams the answer of an agent with memory, as text. */
import { chat } from "../../../lib/agent.ts";

// The store needs Node.js: it uses threads and sockets.
export const runtime = "nodejs";
export const dynamic = "force-dynamic";

/** The user of a request. This header stands for your authentication: read a verified session here. */
function userOf(request: Request): string | null {
  return request.headers.get("x-user");
}

export async function POST(request: Request): Promise<Response> {
  const user = userOf(request);
  if (user === null || user === "") return Response.json({ error: "Authenticate first." }, { status: 401 });
  const body: unknown = await request.json().catch(() => null);
  const message = typeof body === "object" && body !== null && "message" in body ? body.message : null;
  if (typeof message !== "string" || message === "") return Response.json({ error: "message must be a text." }, { status: 400 });

  const { agent } = await chat();
  const run = await agent.stream(
    { messages: [{ role: "user", content: message }] },
    { configurable: { user_id: user }, streamMode: "messages", signal: request.signal },
  );
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      try {
        for await (const [chunk] of run) {
          if (chunk.getType() === "ai" && chunk.text !== "") controller.enqueue(encoder.encode(chunk.text));
        }
        controller.close();
      } catch (error) {
        controller.error(error);
      }
    },
  });
  return new Response(stream, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
