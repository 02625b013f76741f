import { describe, expect, test } from "vitest";
import { CqlBackend, type CqlOptions } from "../../src/backends/cql/index.ts";
import { ClosedError, ConfigurationError } from "../../src/model/errors.ts";
import { silentLogger } from "../../src/ports/logger.ts";

const VALID: CqlOptions = { contactPoints: ["10.0.0.1"], localDataCenter: "dc1", keyspace: "agents" };

const make = (options: CqlOptions): CqlBackend => new CqlBackend(options, { setup: "never", logger: silentLogger });

describe("options", () => {
  test.each<[string, Partial<CqlOptions>, RegExp]>([
    ["a keyspace that is none", { keyspace: 'a"; DROP KEYSPACE b' }, /cql\.keyspace/],
    ["a keyspace that is too long", { keyspace: "k".repeat(49) }, /cql\.keyspace/],
    ["an empty keyspace", { keyspace: "" }, /cql\.keyspace/],
    ["no contact point", { contactPoints: [] }, /cql\.contactPoints/],
    ["no local data center", { localDataCenter: "" }, /cql\.localDataCenter/],
    ["a replication that is no number of copies", { replication: { dc1: 0 } }, /cql\.replication\.dc1/],
    ["a replication without a data center", { replication: {} }, /cql\.replication/],
    ["a time-out that is none", { requestTimeoutMs: 0 }, /cql\.requestTimeoutMs/],
    ["a number of buckets that cannot be", { buckets: [{ namespace: [], buckets: 0 }] }, /cql\.buckets\[0\]/],
  ])("%s is refused before a connection is made, and named", (_, wrong, message) => {
    expect(() => make({ ...VALID, ...wrong })).toThrow(ConfigurationError);
    expect(() => make({ ...VALID, ...wrong })).toThrow(message);
  });
});

describe("a backend that is not started", () => {
  test("rejects calls, and can be stopped", async () => {
    const backend = make(VALID);
    await expect(backend.items.get([{ namespace: "a", key: "k" }])).rejects.toBeInstanceOf(ClosedError);
    await backend.stop();
  });
});
