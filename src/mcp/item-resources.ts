/** Items as resources of the MCP server. */
import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import {
  ErrorCode,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { SearchOptions } from "../call-options.ts";
import { PageSize } from "../model/page-size.ts";
import { plainJson } from "../model/plain-json.ts";
import { toShownItem, safeMessage } from "./answer.ts";
import { readOptions, type McpScope } from "./scope.ts";
import { isError } from "../model/realms.ts";

const PAGE = 100;
const JSON_TYPE = "application/json";

/** The protocol's code for a resource that does not exist. */
const RESOURCE_NOT_FOUND = -32_002;

/** The key is a query: a path could not hold the keys "." and "..", which clients resolve. No label holds a period. */
const URI = /^memory:\/\/\/([^?#]*)\?key=([^?&#]+)$/;

/** Registers listing by pages, the template, and reading. The SDK's own registration cannot page. */
export function registerResources({ server }: McpServer, scope: McpScope): void {
  server.registerCapabilities({ resources: {} });
  server.setRequestHandler(ListResourcesRequestSchema, ({ params }, { signal }) =>
    protocolErrors(async () => {
      const cursor = params?.cursor;
      const options: SearchOptions = { signal, refreshTtl: false, ...(cursor === undefined ? {} : { cursor }) };
      const results = await new PageSize(PAGE).read((limit) => scope.view.search([], { ...options, limit }));
      const resources = results.map(({ namespace, key, updatedAt }) => ({
        uri: uriOf(namespace, key),
        name: key,
        description: `Item of ${namespace.join("/")}`,
        mimeType: JSON_TYPE,
        annotations: { lastModified: updatedAt.toISOString() },
      }));
      return { resources, ...(results.info.cursor === null ? {} : { nextCursor: results.info.cursor }) };
    }),
  );
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => ({
    resourceTemplates: [{ uriTemplate: "memory:///{+namespace}{?key}", name: "item", description: "One item, as JSON.", mimeType: JSON_TYPE }],
  }));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params: { uri } }, { signal }) =>
    protocolErrors(async () => {
      const { namespace, key } = parseUri(uri);
      const found = await scope.view.get(namespace, key, { signal, ...readOptions(scope) });
      if (found === null) throw new McpError(RESOURCE_NOT_FOUND, "There is no such item.");
      return { contents: [{ uri, mimeType: JSON_TYPE, text: plainJson(toShownItem(found), 2) }] };
    }),
  );
}

function uriOf(namespace: readonly string[], key: string): string {
  return `memory:///${namespace.map(encodeURIComponent).join("/")}?key=${encodeURIComponent(key)}`;
}

function parseUri(uri: string): { namespace: string[]; key: string } {
  const [, labels, key] = URI.exec(uri) ?? [];
  try {
    if (labels !== undefined && key !== undefined) return { namespace: labels === "" ? [] : labels.split("/").map(decodeURIComponent), key: decodeURIComponent(key) };
  } catch (error) {
    // Only a wrong percent-encoding is a URIError.
    if (!(isError(error) && error.name === "URIError")) throw error;
  }
  throw new McpError(ErrorCode.InvalidParams, "A resource is memory:///LABEL/LABEL?key=KEY with percent-encoded parts.");
}

async function protocolErrors<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof McpError) throw error;
    throw new McpError(ErrorCode.InvalidParams, safeMessage(error));
  }
}
