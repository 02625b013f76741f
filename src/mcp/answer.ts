/** Answers of the MCP server: items as JSON, and errors that are safe to show. */
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { isStoreError } from "../model/errors.ts";
import { plainJson } from "../model/plain-json.ts";
import type { Item, SearchItem } from "../call-options.ts";
import { isError } from "../model/realms.ts";

/** An item as clients see it. */
export interface ShownItem extends Record<string, unknown> {
  readonly namespace: string[];
  readonly key: string;
  readonly value: Record<string, unknown>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly score?: number;
}

/** An item with its value as plain JSON. */
export function toShownItem(item: Item | SearchItem): ShownItem {
  const { namespace, key, createdAt, updatedAt } = item;
  const score = "score" in item && item.score !== undefined ? { score: item.score } : {};
  return {
    namespace,
    key,
    value: JSON.parse(plainJson(item.value)) as Record<string, unknown>,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...score,
  };
}

/** A result, as structure and as text for clients that read only text. */
function resultOf(content: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: plainJson(content) }], structuredContent: content };
}

/** Runs a tool; a failure becomes a result that the model can read. */
export async function runTool(run: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    return resultOf(await run());
  } catch (error) {
    return { content: [{ type: "text", text: safeMessage(error) }], isError: true };
  }
}

/** Returns the message of an error of the store; that of any other error may not be safe to show. */
export function safeMessage(error: unknown): string {
  const isSafe = isStoreError(error) || (isError(error) && error.name === "InvalidNamespaceError");
  return isSafe ? error.message : "The request failed with an internal error.";
}
