/** Vector indexes on the test server, without a store around them. */
import { QdrantBackend } from "../../src/backends/qdrant/index.ts";
import type { DistanceMetric } from "../../src/model/distance-metric.ts";
import type { KeywordLanguage } from "../../src/model/keyword-language.ts";
import type { QdrantOptions } from "../../src/backends/qdrant/options.ts";
import { silentLogger } from "../../src/ports/logger.ts";
import type { Settings } from "../../src/ports/settings.ts";
import type { ServerAddresses } from "../servers/server-addresses.ts";

/** Length of their vectors. */
export const DIMS = 4;

/** Creates backends whose settings are in memory, by the name of their collection. */
export function qdrantBackends(servers: ServerAddresses) {
  const stores = new Map<string, Map<string, string>>();

  /** Settings of a store, which its records usually contain. */
  function settingsOf(store: string): Settings {
    const settings = stores.get(store) ?? new Map<string, string>();
    stores.set(store, settings);
    const read = async (name: string) => settings.get(name) ?? null;
    return {
      read,
      readFromAny: read,
      readFromAll: read,
      async establish(name, value) {
        if (!settings.has(name)) settings.set(name, value);
        return settings.get(name) ?? value;
      },
      async replace(name, value) {
        settings.set(name, value);
      },
      async exchange(name, expected, value) {
        if ((settings.get(name) ?? null) !== expected) return false;
        if (value === null) settings.delete(name);
        else settings.set(name, value);
        return true;
      },
    };
  }

  /** A backend that is not started yet. */
  function backend(
    collection: string,
    more: Partial<QdrantOptions> = {},
    setup: "auto" | "never" = "auto",
    keywordLanguage: KeywordLanguage | null = "english",
    metric: DistanceMetric = "cosine",
  ): QdrantBackend {
    const options: QdrantOptions = {
      ...servers.qdrant,
      collection,
      requestTimeoutMs: 10_000,
      maxConnections: 8,
      layout: { m: 16, payloadM: 16, efConstruct: 100 },
      ...more,
    };
    const identity = { model: "test", dims: DIMS, metric };
    return new QdrantBackend({ options, identity, keywordLanguage, setup, settings: settingsOf(collection), logger: silentLogger });
  }

  /** Deletes the settings of a store, so that the next backend acts as another store on its collection. */
  function forget(store: string): void {
    stores.delete(store);
  }

  return { backend, forget };
}

/** Starts a backend until it is disposed. */
export async function using<T>(opened: QdrantBackend, use: (vectors: QdrantBackend) => Promise<T>): Promise<T> {
  try {
    await opened.start();
    return await use(opened);
  } finally {
    await opened.stop();
  }
}
