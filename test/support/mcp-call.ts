/** Calls of tools of an MCP server. */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";

/** A result of a tool, as structure and as text. */
export interface ToolAnswer {
  readonly isError: boolean;
  readonly text: string;
  readonly content: Record<string, unknown>;
}

/** Calls a tool; an error of the protocol counts as an error of the tool. */
export async function callTool(client: Client, name: string, args: Record<string, unknown>): Promise<ToolAnswer> {
  try {
    const { isError, content, structuredContent } = await client.callTool({ name, arguments: args });
    const text = (content as { text?: string }[]).map((each) => each.text ?? "").join("\n");
    return { isError: isError === true, text, content: (structuredContent ?? {}) as Record<string, unknown> };
  } catch (error) {
    return { isError: true, text: String(error), content: {} };
  }
}
