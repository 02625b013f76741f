/** The tools of the MCP server. */
import { randomUUID } from "node:crypto";
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import type { SearchItem, SearchOptions } from "../call-options.ts";
import { TimeSlice } from "../concurrency/time-slice.ts";
import { SEARCH_MODES } from "../model/search-mode.ts";
import { ValidationError } from "../model/errors.ts";
import { plainJson } from "../model/plain-json.ts";
import { runTool, toShownItem, type ShownItem } from "./answer.ts";
import { readOptions, type McpScope } from "./scope.ts";

const MAX_RESULTS = 50;
const DEFAULT_RESULTS = 10;
const PREVIEW_CHARS = 200;

/** Most characters of the values of one search: a client passes the answer to a model. */
const MAX_ANSWER_CHARS = 200_000;

/** Where items are saved when the client gives no namespace: clients save no items in the root itself. */
const DEFAULT_NAMESPACE = ["memories"];

const namespace = z.array(z.string().max(512)).max(64);
const saveNamespace = namespace.min(1).default(DEFAULT_NAMESPACE).describe("Labels below the root of this server.");
/** May be empty: the application may have items in the root itself. */
const itemNamespace = namespace.default(DEFAULT_NAMESPACE).describe("Labels below the root of this server.");
const prefix = namespace.default([]).describe("Labels below the root of this server; everything by default.");
const savedKey = z.string().min(1).max(8_192);
/** Has no bound here: the store checks keys and cursors, and the application may save longer keys than clients. */
const key = z.string().min(1);
const limit = z.int().min(1).max(MAX_RESULTS).default(DEFAULT_RESULTS).describe(`Most results, up to ${MAX_RESULTS}.`);

const item = z.object({
  namespace: z.array(z.string()),
  key: z.string(),
  value: z.record(z.string(), z.unknown()),
  createdAt: z.string(),
  updatedAt: z.string(),
  score: z.number().optional(),
});

const READS = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

/** Registers the tools; the writing ones only if clients may write. */
export function registerTools(server: McpServer, scope: McpScope): void {
  registerSearch(server, scope);
  registerGet(server, scope);
  registerList(server, scope);
  if (scope.readOnly) return;
  registerSave(server, scope);
  registerForget(server, scope);
}

function registerSave(server: McpServer, { view }: McpScope): void {
  server.registerTool(
    "save",
    {
      title: "Save a memory",
      description: "Saves a text, with more fields if you like. With the key of an existing item, replaces it entirely.",
      inputSchema: z.strictObject({
        text: z.string().min(1).describe("What to remember, understandable without the conversation."),
        fields: z.record(z.string(), z.unknown()).optional().describe("More fields of the item, for filters."),
        namespace: saveNamespace,
        key: savedKey.optional().describe("Key of the item; a new one by default."),
      }),
      outputSchema: z.object({ namespace: z.array(z.string()), key: z.string() }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    },
    ({ text, fields, namespace: labels, key: given }, { signal }) =>
      runTool(async () => {
        const used = given ?? randomUUID();
        await view.put(labels, used, { ...fields, text }, undefined, { signal });
        return { namespace: labels, key: used };
      }),
  );
}

function registerSearch(server: McpServer, scope: McpScope): void {
  server.registerTool(
    "search",
    {
      title: "Search memories",
      description: "Finds items by meaning, most relevant first.",
      inputSchema: z.strictObject({
        query: z.string().min(1).describe("What to look for, in natural language."),
        namespace: prefix,
        filter: z.record(z.string(), z.unknown()).optional().describe('Conditions on fields, such as {"topic": "food"} or {"n": {"$gte": 3}}.'),
        mode: z.enum(SEARCH_MODES).optional().describe("How to rank: by meaning, by words, or by both. The store decides by default."),
        limit,
      }),
      outputSchema: z.object({
        items: z.array(item),
        mode: z.string().describe("How the results were ranked."),
        degraded: z.boolean().describe("Whether another mode was asked for and was not available."),
        omitted: z.int().describe("Results left out because the answer would be too long."),
      }),
      annotations: READS,
    },
    ({ query, namespace: labels, filter, mode, limit: most }, { signal }) =>
      runTool(async () => {
        const options: SearchOptions = {
          query,
          limit: most,
          signal,
          ...readOptions(scope),
          ...(filter === undefined ? {} : { filter }),
          ...(mode === undefined ? {} : { mode }),
        };
        const results = await scope.view.search(labels, options);
        const { items, omitted } = await fitIntoAnswer(results);
        return { items, mode: results.info.mode, degraded: results.info.degraded, omitted };
      }),
  );
}

function registerGet(server: McpServer, scope: McpScope): void {
  server.registerTool(
    "get",
    {
      title: "Read one memory",
      description: "Returns one item by its namespace and key.",
      inputSchema: z.strictObject({ namespace: itemNamespace, key }),
      outputSchema: item,
      annotations: READS,
    },
    ({ namespace: labels, key: used }, { signal }) =>
      runTool(async () => {
        const found = await scope.view.get(labels, used, { signal, ...readOptions(scope) });
        if (found === null) throw missing(labels, used);
        return toShownItem(found);
      }),
  );
}

function registerList(server: McpServer, { view }: McpScope): void {
  server.registerTool(
    "list",
    {
      title: "List memories",
      description: "Lists items below a namespace in order of creation, with the beginning of each value. Page by cursor.",
      inputSchema: z.strictObject({ namespace: prefix, limit, cursor: z.string().optional().describe("nextCursor of the page before.") }),
      outputSchema: z.object({
        items: z.array(z.object({ namespace: z.array(z.string()), key: z.string(), preview: z.string(), updatedAt: z.string() })),
        nextCursor: z.string().optional(),
      }),
      annotations: READS,
    },
    ({ namespace: labels, limit: most, cursor }, { signal }) =>
      runTool(async () => {
        const results = await view.search(labels, { limit: most, signal, refreshTtl: false, ...(cursor === undefined ? {} : { cursor }) });
        const items: { namespace: string[]; key: string; preview: string; updatedAt: string }[] = [];
        const slice = new TimeSlice();
        for (const { namespace: of, key: used, value, updatedAt } of results) {
          const turn = slice.turn();
          if (turn !== null) await turn;
          items.push({ namespace: of, key: used, preview: preview(value), updatedAt: updatedAt.toISOString() });
        }
        return { items, ...(results.info.cursor === null ? {} : { nextCursor: results.info.cursor }) };
      }),
  );
}

function registerForget(server: McpServer, { view }: McpScope): void {
  server.registerTool(
    "forget",
    {
      title: "Delete a memory",
      description: "Deletes one item for good.",
      inputSchema: z.strictObject({ namespace: itemNamespace, key }),
      outputSchema: z.object({ namespace: z.array(z.string()), key: z.string(), existed: z.boolean() }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ namespace: labels, key: used }, { signal }) =>
      runTool(async () => {
        const existed = (await view.get(labels, used, { signal, refreshTtl: false })) !== null;
        await view.delete(labels, used, { signal });
        return { namespace: labels, key: used, existed };
      }),
  );
}

function missing(labels: readonly string[], key: string): ValidationError {
  return new ValidationError(`There is no item with the key ${JSON.stringify(key)} in the namespace ${JSON.stringify(labels)}.`);
}

/** The beginning of the text of an item, else of its value as JSON. */
function preview(value: Record<string, unknown>): string {
  const text = typeof value["text"] === "string" ? value["text"] : plainJson(value);
  return text.length <= PREVIEW_CHARS ? text : `${text.slice(0, PREVIEW_CHARS).toWellFormed()}…`;
}

/** The best results that fit in one answer, of which there is always one. Values may be large: other calls run in between. */
async function fitIntoAnswer(results: readonly SearchItem[]): Promise<{ items: ShownItem[]; omitted: number }> {
  const items: ShownItem[] = [];
  const slice = new TimeSlice();
  let remaining = MAX_ANSWER_CHARS;
  for (const result of results) {
    const turn = slice.turn();
    if (turn !== null) await turn;
    const next = toShownItem(result);
    remaining -= plainJson(next.value).length;
    if (items.length > 0 && remaining < 0) break;
    items.push(next);
  }
  return { items, omitted: results.length - items.length };
}
