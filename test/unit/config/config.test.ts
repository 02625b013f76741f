import { ConfigurationError, ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { describe, expect, test } from "vitest";
import { parseConnString } from "../../../src/config/conn-string.ts";

const embeddings = new HashEmbeddings({ dims: 8 });
const cql = { contactPoints: ["127.0.0.1"], localDataCenter: "dc1", keyspace: "agents" };
const qdrant = { url: "http://127.0.0.1:6333" };
const index = { dims: 8, embeddings };

const wrong: readonly (readonly [unknown, string])[] = [
  [{}, "cql"],
  [{ cql: { ...cql, keyspace: "a-b" } }, "cql.keyspace: must begin with a letter"],
  [{ cql: { ...cql, contactPoints: [] } }, "cql.contactPoints"],
  [{ cql: { keyspace: "agents" } }, "cql.localDataCenter: is required without `cloud` or `client`"],
  [{ cql: { ...cql, contactPoint: ["x"] } }, "contactPoint"],
  [{ cql: { ...cql, port: "9042" } }, "cql.port"],
  [{ cql: { ...cql, ssl: { minVersion: "TLSv1" } } }, "cql.ssl.minVersion: must be \"TLSv1.2\" or \"TLSv1.3\""],
  [{ cql: { ...cql, ssl: { maxVersion: "TLSv1.1" } } }, "cql.ssl.maxVersion"],
  [{ cql: { ...cql, ssl: { secureProtocol: "TLSv1_method" } } }, "cql.ssl.secureProtocol: is not allowed"],
  [{ cql: { ...cql, ssl: { secureContext: {} } } }, "cql.ssl.secureContext: is not allowed"],
  [{ cql: { ...cql, ssl: { rejectUnauthorized: null } } }, "cql.ssl.rejectUnauthorized: must be true or false"],
  [{ cql: { ...cql, ssl: { rejectUnauthorized: "false" } } }, "cql.ssl.rejectUnauthorized: must be true or false"],
  [{ cql: { ...cql, ssl: { checkServerIdentity: null } } }, "cql.ssl.checkServerIdentity: must be a function"],
  [{ cql, qdrant: { url: "127.0.0.1:6333" } }, "qdrant.url"],
  [{ cql, qdrant, index: { embeddings } }, "index.dims"],
  [{ cql, qdrant, index: { dims: 8, embeddings: { embed: 1 } } }, "index.embeddings: must be a LangChain Embeddings"],
  [{ cql, qdrant, index: { ...index, fields: ["a["] } }, "index.fields.0"],
  [{ cql, qdrant, index: { ...index, rules: [{ namespace: ["a.b"], fields: false }] } }, "index.rules.0.namespace"],
  [{ cql, index }, "qdrant: is required"],
  [{ cql, setup: "sometimes" }, "setup"],
  [{ cql, order: "random" }, "order"],
  [{ cql, logger: console.log }, "logger: must have the methods"],
];

describe("an invalid configuration is rejected before any connection, by path", () => {
  test.each(wrong.map(([config, message]) => [message, config] as const))("%s", (message, config) => {
    expect(() => new ScyllaDBStore(config as ScyllaDBStoreConfig)).toThrow(ConfigurationError);
    expect(() => new ScyllaDBStore(config as ScyllaDBStoreConfig)).toThrow(message);
  });

  test("also for the embedded store", async () => {
    await expect(ScyllaDBStore.embedded({ path: "" })).rejects.toThrow("path");
    await expect(ScyllaDBStore.embedded({ limits: { maxValueBytes: 0 } })).rejects.toThrow("limits.maxValueBytes");
  });
});

describe("a connection string", () => {
  test("is parsed to the cql options", () => {
    expect(parseConnString("scylladb://us%40er:p%2Fw@h1:9042,h2/agents?dc=dc1")).toEqual({
      contactPoints: ["h1:9042", "h2"],
      localDataCenter: "dc1",
      keyspace: "agents",
      credentials: { username: "us@er", password: "p/w" },
    });
    expect(parseConnString("cassandra://h/ks?dc=d")).toEqual({ contactPoints: ["h"], localDataCenter: "d", keyspace: "ks" });
  });

  test.each([
    ["postgres://u:hunter2@h/ks?dc=d", "must look like"],
    ["scylladb://u:hunter2@h/ks", "add ?dc="],
    ["scylladb://u:hunter2@h?dc=d", "must look like"],
    ["scylladb://u:hunter2@h/ks?dc=d&rf=3", "rf"],
  ])("case %# is rejected without showing its password", (text, message) => {
    expect(() => parseConnString(text)).toThrow(message);
    expect(() => parseConnString(text)).not.toThrow("hunter2");
  });
});
