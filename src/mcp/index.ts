/** An MCP server over a store: stdio and streamable HTTP, for clients such as desktop assistants and editors. */
export { serveHttp, type HttpOptions, type McpHttpServer } from "./http.ts";
export type { McpStoreOptions } from "./scope.ts";
export { createMcpServer } from "./server.ts";
export { serveStdio, type StdioOptions } from "./stdio.ts";
