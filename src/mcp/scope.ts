/** The items that clients of an MCP server can reach. */
import { ValidationError } from "../model/errors.ts";
import type { StoreView } from "../store-operations.ts";

/** What a server gives its clients access to. */
export interface McpStoreOptions {
  /** The store. The server uses it, and never closes it. */
  readonly store: Pick<StoreView, "scoped">;
  /** Labels of the prefix that is the root of the clients: no request reaches an item outside. */
  readonly root: readonly string[];
  /**
   * Whether clients can only read. Reads then renew no time to live either.
   *
   * @default false
   */
  readonly readOnly?: boolean;
}

/** The scoped view that tools and resources work on. */
export interface McpScope {
  readonly view: StoreView;
  readonly readOnly: boolean;
}

/**
 * Checks the options, before a client connects.
 *
 * @throws {InvalidNamespaceError} when the root is empty or not a namespace.
 */
export function scopeOf({ store, root, readOnly = false }: McpStoreOptions): McpScope {
  if (typeof readOnly !== "boolean") throw new ValidationError("readOnly of the MCP server must be true or false.");
  return { view: store.scoped([...root]), readOnly };
}

/** Options of every read: a read-only server writes no renewed time to live. */
export function readOptions({ readOnly }: McpScope): { refreshTtl?: boolean } {
  return readOnly ? { refreshTtl: false } : {};
}
