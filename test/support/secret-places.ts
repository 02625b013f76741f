/** Secrets of a configuration, without a store. */
import type { ScyllaDBStoreConfig, StoreEvent } from "langgraph-store-scylladb";
import { secrets as options } from "../../src/config/options/secrets.ts";
import { parseReference } from "../../src/config/secrets/reference.ts";
import { Secrets } from "../../src/config/secrets/secrets.ts";
import type { SecretText } from "../../src/ports/secrets.ts";

/** The option `secrets`. */
export type SecretsInput = NonNullable<ScyllaDBStoreConfig["secrets"]>;

/** Secrets that resolve references as a store does, and their events. */
export interface FollowedSecrets extends AsyncDisposable {
  readonly secrets: Secrets;
  readonly events: readonly StoreEvent[];
  /** Value of a reference, read when `secrets` starts. */
  text(reference: string): SecretText;
}

/** Resolves references with the option `secrets`, with a timeout that a busy machine does not exceed unless one is given. */
export function followSecrets(input: SecretsInput, env: NodeJS.ProcessEnv = {}): FollowedSecrets {
  const events: StoreEvent[] = [];
  const secrets = new Secrets(options.parse({ timeoutMs: 60_000, ...input }), { emit: (event) => void events.push(event) }, env);
  return {
    secrets,
    events,
    text(reference) {
      const parsed = parseReference(reference);
      if (parsed === null) throw new Error(`${reference} is no reference`);
      return secrets.text(parsed, "qdrant.apiKey");
    },
    [Symbol.asyncDispose]: () => secrets.stop(),
  };
}

/** A configuration whose start ends after its secrets, because its databases do not exist. */
export function configWithKey(apiKey: string, secrets: SecretsInput): ScyllaDBStoreConfig {
  const none = { embedDocuments: () => Promise.resolve([]), embedQuery: () => Promise.resolve([]) };
  return {
    cql: { contactPoints: ["127.0.0.1:1"], localDataCenter: "datacenter1", keyspace: "agents" },
    qdrant: { url: "http://127.0.0.1:1", apiKey },
    index: { dims: 3, embeddings: none, model: "none" },
    secrets,
  };
}
