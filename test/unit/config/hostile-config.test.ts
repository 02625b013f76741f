/** Hostile configurations: each is accepted, or rejected with the path of every mistake, and never shows a credential. */
import { inspect } from "node:util";
import { expect, test } from "vitest";
import fc from "fast-check";
import { ConfigurationError } from "langgraph-store-scylladb";
import { parseConnString } from "../../../src/config/conn-string.ts";
import { embeddedConfigSchema, parseConfig, serverConfigSchema } from "../../../src/config/schema.ts";
import { HOSTILE_TEXTS } from "../../support/hostile/corpus.ts";

const SECRET = "s3cret-f00-never-shown";
const CASES = 400;

const odd = fc.oneof(fc.constantFrom<unknown>(...HOSTILE_TEXTS), fc.anything({ maxDepth: 2, withBigInt: true, withNullPrototype: true }));

/** Returns a valid configuration with some parts replaced or added. */
const config = fc
  .record(
    {
      cql: fc.oneof(
        fc.record(
          {
            contactPoints: fc.oneof(fc.constant(["127.0.0.1"]), odd),
            localDataCenter: fc.oneof(fc.constant("dc1"), odd),
            keyspace: fc.oneof(fc.constant("agents"), odd),
            credentials: fc.oneof(fc.constant({ username: "u", password: SECRET }), fc.record({ username: odd, password: fc.constant([SECRET]) })),
            port: odd,
            replication: odd,
            buckets: odd,
          },
          { requiredKeys: ["contactPoints"] },
        ),
        odd,
      ),
      qdrant: fc.oneof(fc.record({ url: fc.oneof(fc.constant(`https://user:${SECRET}@[`), odd), apiKey: fc.oneof(fc.constant({ key: SECRET }), odd) }), odd),
      index: odd,
      limits: odd,
      ttl: odd,
      retry: odd,
    },
    { requiredKeys: [] },
  )
  .chain((base) => fc.dictionary(fc.constantFrom("__proto__", "constructor", "cqll", "Limits", ""), odd, { maxKeys: 1 }).map((extra) => ({ ...base, ...extra })));

function expectRefusal(error: unknown): void {
  if (!(error instanceof ConfigurationError)) throw new Error("refused with what is no ConfigurationError", { cause: error });
  expect(inspect(error, { depth: 10 })).not.toContain(SECRET);
  expect(JSON.stringify({ message: error.message, details: error.details })).not.toContain(SECRET);
}

test.each([
  ["a store on servers", serverConfigSchema],
  ["a store on a file", embeddedConfigSchema],
])("%s", (_, schema) => {
  fc.assert(
    fc.property(config, (given) => {
      try {
        parseConfig(schema, given);
      } catch (error) {
        expectRefusal(error);
      }
    }),
    { numRuns: CASES },
  );
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("a connection string that is not a string is rejected", () => {
  for (const given of [{ toString: null }, ["scylladb://host/keyspace?dc=here"], Symbol("text"), null, undefined, 1]) {
    expect(() => parseConnString(given as never)).toThrow("The connection string must be text, but is ");
    expect(() => parseConnString(given as never)).toThrow(ConfigurationError);
  }
});

test("a connection string", () => {
  const part = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ maxLength: 12 }));
  const text = fc.oneof(
    fc.tuple(part, part, part).map(([host, keyspace, dc]) => `scylladb://user:${SECRET}@${host}/${keyspace}?dc=${dc}`),
    part,
    fc.anything(),
  );
  fc.assert(
    fc.property(text, (given) => {
      try {
        parseConnString(given as string);
      } catch (error) {
        expectRefusal(error);
      }
    }),
    { numRuns: CASES },
  );
});
