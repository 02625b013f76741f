import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

/**
 * Returns the user of the calling graph from LangGraph's config: the identity authenticated by LangGraph Platform, otherwise
 * `configurable.user_id`. Null outside a graph and when the config has no user.
 */
export function graphUser(): string | null {
  const config: unknown = AsyncLocalStorageProviderSingleton.getRunnableConfig();
  const configurable = field(config, "configurable");
  const authenticated = field(configurable, "langgraph_auth_user");
  for (const candidate of [
    field(authenticated, "identity"),
    authenticated,
    field(configurable, "langgraph_auth_user_id"),
    field(configurable, "user_id"),
  ]) {
    if (typeof candidate === "string" && candidate !== "") return candidate;
    if (typeof candidate === "number") return String(candidate);
  }
  return null;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
