import { inspect } from "node:util";
import { ConfigurationError, ScyllaDBStore, type ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import { describe, expect, test } from "vitest";

const cql = { contactPoints: ["127.0.0.1"], localDataCenter: "dc1", keyspace: "agents" };
const qdrant = { url: "http://127.0.0.1:6333" };

/** Returns the mistakes in a configuration of a store on servers. */
function mistakesIn(config: unknown): string[] {
  try {
    new ScyllaDBStore(config as ScyllaDBStoreConfig);
  } catch (error) {
    if (error instanceof ConfigurationError) return [...(error.details["mistakes"] as string[])];
    throw error;
  }
  throw new Error("The configuration was taken.");
}

describe("a mistake names its path, the given value, what is allowed and the fix", () => {
  test.each([
    [{ cql: { ...cql, port: "9042" } }, 'cql.port: must be a whole number from 1 to 65535 (got "9042"). For example: port: 9042'],
    [{ cql: { ...cql, port: 70_000 } }, "cql.port: must be a whole number from 1 to 65535 (got the number 70000). For example: port: 9042"],
    [{ cql, limits: { drainMs: Number.NaN } }, "limits.drainMs: must be a whole number of at least 1 (got NaN). For example: drainMs: 10000"],
    [{ cql, setup: true }, 'setup: must be "auto" or "never" (got the boolean true). For example: setup: "auto"'],
    [{ cql, qdrant: { url: "127.0.0.1:6333" } }, 'qdrant.url: must be a URL (got "127.0.0.1:6333"). For example: url: "https://qdrant.internal:6333"'],
    [{ cql: { ...cql, keyspace: undefined } }, 'cql.keyspace: is required, and must be a text (got nothing). For example: keyspace: "agents"'],
    [{ cql: { ...cql, contactPoints: "127.0.0.1" } }, 'cql.contactPoints: must be a list of texts (got "127.0.0.1"). For example: contactPoints: ["10.0.0.1","10.0.0.2"]'],
    [{ cql: null }, /^cql: must be an object with the options contactPoints, port, .* \(got null\)\.$/],
    [{ cql, ttl: { rules: [{ namespace: ["a"] }] } }, "ttl.rules.0.defaultTtl: is required, and must be a number above 0 or null (got nothing). For example: defaultTtl: 1"],
    [
      { cql, qdrant, index: { dims: 1, embeddings: { embedQuery() {}, embedDocuments() {} }, rules: [{ namespace: ["a"], fields: ["a["] }] } },
      'index.rules.0.fields.0: The index path "a[" holds "[": write [0], [-1] or [*] (got "a["). For example: "text"',
    ],
    [{ cql: { ...cql, pooling: { connectionsPerNode: 0 } } }, "cql.pooling.connectionsPerNode: must be a whole number of at least 1 (got the number 0). For example: connectionsPerNode: 2"],
    [
      { cql: { ...cql, profiles: { read: { consistency: "EACH_QUORUM" } } } },
      'cql.profiles.read.consistency: EACH_QUORUM is for writes only; reads take "LOCAL_QUORUM", "QUORUM" or "ALL" (got "EACH_QUORUM"). For example: consistency: "LOCAL_QUORUM"',
    ],
    [
      { cql: { ...cql, profiles: { scan: { consistency: "EACH_QUORUM" } } } },
      'cql.profiles.scan.consistency: EACH_QUORUM is for writes only; reads take "LOCAL_QUORUM", "QUORUM" or "ALL" (got "EACH_QUORUM"). For example: consistency: "LOCAL_QUORUM"',
    ],
    [
      { cql: { ...cql, profiles: { schema: { consistency: "EACH_QUORUM" } } } },
      'cql.profiles.schema.consistency: EACH_QUORUM is for writes only; reads take "LOCAL_QUORUM", "QUORUM" or "ALL" (got "EACH_QUORUM"). For example: consistency: "LOCAL_QUORUM"',
    ],
    [{ cql: { ...cql, profiles: { read: { executionProfile: "x" } } } }, /^cql\.profiles\.read\.executionProfile: names an execution profile of your own client/],
  ])("case %#", (config, mistake) => {
    const mistakes = mistakesIn(config);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toEqual(typeof mistake === "string" ? mistake : expect.stringMatching(mistake));
  });
});

describe("an unknown name is reported with the nearest known one", () => {
  test.each([
    [{ cql: { ...cql, contact_points: ["x"] } }, "cql.contact_points: is not an option; did you mean cql.contactPoints?"],
    [{ cql: { ...cql, localDatacenter: "x" } }, "cql.localDatacenter: is not an option; did you mean cql.localDataCenter?"],
    [{ cql, retries: {} }, "retries: is not an option; did you mean retry?"],
    [{ cql, liimts: {} }, "liimts: is not an option; did you mean limits?"],
    [{ cql: { ...cql, password: "hunter2" } }, "cql.password: is not an option; did you mean cql.credentials.password?"],
    [{ cql, contactPoints: ["x"] }, "contactPoints: is not an option; did you mean cql.contactPoints?"],
    [{ cql, path: "./memory.db" }, /ScyllaDBStore\.embedded/],
    [{ cql, dbName: "a" }, "dbName: is not an option; did you mean cql.keyspace?"],
    [{ cql, connectionOptions: {} }, /^connectionOptions: is not an option; the connection is configured by cql/],
    [{ cql, qdrant: { url: "http://a:6333", host: "a" } }, /^qdrant\.host: is not an option; did you mean qdrant\.url\?/],
    [{ cql: { ...cql, contactPoints: ["http://10.0.0.1:9042"] } }, /^cql\.contactPoints\.0: must be "host" or "host:port", without a scheme/],
    [{ cql: { ...cql, contactPoints: ["10.0.0.1, 10.0.0.2"] } }, /^cql\.contactPoints\.0: must be "host" or "host:port"/],
    [{ cql, ttl: { xyz: 1 } }, "ttl.xyz: is not an option; the options of ttl are defaultTtl, sweepIntervalMinutes, refreshOnRead, rules."],
    [JSON.parse('{ "cql": { "contactPoints": ["a"], "localDataCenter": "d", "keyspace": "k", "__proto__": { "a": 1 } } }'), /^cql\.__proto__: is not an option/],
  ])("case %#", (config, mistake) => {
    const mistakes = mistakesIn(config);
    expect(mistakes).toEqual([typeof mistake === "string" ? mistake : expect.stringMatching(mistake)]);
  });
});

test.each([
  [new Map(Object.entries({ cql })), /^config: must be an object with the options cql, .* \(got a Map\)\.$/],
  [new Date(0), /^config: must be an object with the options cql, .* \(got a Date\)\.$/],
  [{ cql, limits: new Map([["drainMs", 1]]) }, /^limits: must be an object with the options .* \(got a Map\)\.$/],
  [{ cql: { ...cql, pooling: new Map() } }, /^cql\.pooling: must be an object with the options .* \(got a Map\)\.$/],
  [{ cql, retry: new Date(0) }, /^retry: must be an object with the options .* \(got a Date\)\.$/],
])("a built-in object is not taken for a group without options, case %#", (config, mistake) => {
  expect(mistakesIn(config)[0]).toMatch(mistake);
});

test("all mistakes are reported at once: single options, combinations, and unknown names", () => {
  const mistakes = mistakesIn({
    cql: { keyspace: 7, port: "x", hosts: [], credentials: { username: "u" } },
    index: { dims: -1 },
    retry: { maxAttempts: 0 },
    nonsense: 1,
  });
  const paths = mistakes.map((mistake) => mistake.split(":")[0]);
  expect(paths.sort()).toEqual(
    [
      "cql.contactPoints",
      "cql.credentials.password",
      "cql.hosts",
      "cql.keyspace",
      "cql.localDataCenter",
      "cql.port",
      "index.dims",
      "index.embeddings",
      "nonsense",
      "qdrant",
      "retry.maxAttempts",
    ].sort(),
  );
});

describe("a mistake never shows a secret", () => {
  const SECRET = "hunter2-Zx81-very-secret";
  test.each([
    { cql: { ...cql, credentials: { username: "u", password: [SECRET] } } },
    { cql: { ...cql, credentials: `u:${SECRET}` } },
    { cql: { ...cql, password: SECRET } },
    { cql: `scylladb://u:${SECRET}@h/k?dc=d` },
    { cql: { ...cql, contactPoints: `u:${SECRET}@h` } },
    { cql: { ...cql, keyspace: `ftp://u:${SECRET}@h` } },
    { cql, qdrant: { url: `ftp://u:${SECRET}@h` } },
    { cql, qdrant: { url: `not an address?api_key=${SECRET}` } },
    { cql, qdrant: { url: SECRET } },
    { cql, qdrant: { ...qdrant, headers: { authorization: { value: SECRET } } } },
    { cql, qdrant: { ...qdrant, headers: SECRET } },
    { cql, qdrant: { ...qdrant, apiKey: [SECRET] } },
    { cql, qdrant: { ...qdrant, apiKey: { reference: SECRET } } },
    { cql: { ...cql, tls: { key: 7, passphrase: [SECRET], cert: { pem: SECRET } } } },
    { cql, qdrant: SECRET },
    { cql: { ...cql, cloud: SECRET } },
    { cql: { ...cql, port: SECRET } },
    { cql, setup: `-----BEGIN PRIVATE KEY-----${SECRET}` },
    SECRET,
  ])("case %#", (config) => {
    let error: unknown;
    try {
      new ScyllaDBStore(config as unknown as ScyllaDBStoreConfig);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("hunter2");
  });
});

test.each([
  "ftp://root:hunter2@vault.internal:8200",
  "ftp://root:hunter/2@vault.internal:8200",
  "root:hunter 2@vault.internal:8200",
  "root:hunter/2@vault.internal",
  "//root@vault.internal/hunter2",
  "ftp://vault.internal#hunter2",
  "ftp://vault.internal/?hunter=2",
])("a rejected address is not shown if it can contain credentials: %s", (address) => {
  const addresses = [
    { cql, secrets: { vault: { address } } },
    { cql, secrets: { aws: { endpoint: address } } },
    { cql, secrets: { azure: { endpoint: address } } },
    { cql, qdrant: { url: address } },
  ];
  for (const config of addresses) {
    const messages = mistakesIn(config).join("\n");
    expect(messages).toMatch(/\(got a text( that is not shown because it may contain a secret)?\)/);
    expect(messages).not.toMatch(/hunter|root/);
  }
});
