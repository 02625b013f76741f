import { policies, types, type Client } from "cassandra-driver";
import { ConfigurationError, ScyllaDBStore } from "langgraph-store-scylladb";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { clientOptionsFor, profilesFor, warnOfWeakConsistency } from "../../../src/backends/cql/driver-options.ts";
import type { Logger } from "../../../src/ports/logger.ts";

describe("consistency and timeout of statements", () => {
  test("default to a local quorum and the default timeout", () => {
    const profiles = profilesFor({ requestTimeoutMs: 5_000 });
    const { localQuorum } = types.consistencies;
    expect(profiles.read).toEqual({ prepare: true, isIdempotent: true, consistency: localQuorum, readTimeout: 5_000 });
    expect(profiles.write).toEqual(profiles.read);
    expect(profiles.scan).toEqual({ ...profiles.read, readTimeout: 10_000 });
    expect(profiles.schema).toEqual({ isIdempotent: false, consistency: localQuorum, readTimeout: 30_000 });
  });

  test("are configurable for each kind of operation", () => {
    const profiles = profilesFor({
      requestTimeoutMs: 5_000,
      profiles: {
        read: { consistency: "LOCAL_ONE", timeoutMs: 100 },
        write: { consistency: "ALL" },
        scan: { executionProfile: "analytics" },
        schema: { timeoutMs: 60_000 },
      },
    });
    expect(profiles.read).toMatchObject({ consistency: types.consistencies.localOne, readTimeout: 100 });
    expect(profiles.write).toMatchObject({ consistency: types.consistencies.all, readTimeout: 5_000 });
    expect(profiles.scan).toMatchObject({ executionProfile: "analytics", readTimeout: 10_000 });
    expect(profiles.schema).toMatchObject({ readTimeout: 60_000 });
  });

  test("are at least a quorum for settings and for copies of partitions", () => {
    const { localQuorum, all } = types.consistencies;
    const weak = profilesFor({ profiles: { read: { consistency: "LOCAL_ONE", timeoutMs: 100 }, scan: { consistency: "ONE" } } });
    expect(weak.settings).toMatchObject({ consistency: localQuorum, readTimeout: 100 });
    expect(weak.copy).toMatchObject({ consistency: localQuorum });
    const strong = profilesFor({ profiles: { read: { consistency: "ALL" }, scan: { consistency: "ALL" } } });
    expect([strong.settings.consistency, strong.copy.consistency]).toEqual([all, all]);
  });

  test("below a quorum log a warning that names the option", () => {
    const warnings: string[] = [];
    const logger: Logger = { debug() {}, info() {}, error() {}, warn: (_, message) => void warnings.push(message) };
    warnOfWeakConsistency({ profiles: { read: { consistency: "QUORUM" }, write: { consistency: "EACH_QUORUM" } } }, logger);
    expect(warnings).toEqual([]);
    warnOfWeakConsistency({ profiles: { read: { consistency: "LOCAL_ONE" } } }, logger);
    expect(warnings).toEqual([expect.stringContaining("cql.profiles.read.consistency set less than a quorum")]);
  });
});

test("pooling, speculative execution and a bundle reach the driver", () => {
  const options = clientOptionsFor({
    pooling: { connectionsPerNode: 3, maxRequestsPerConnection: 100, heartbeatMs: 0, warmUp: false },
    speculativeExecution: { delayMs: 50, maxExecutions: 2 },
    cloud: { secureConnectBundle: "./bundle.zip" },
  });
  expect(options.pooling).toEqual({
    coreConnectionsPerHost: { [types.distance.local]: 3 },
    maxRequestsPerConnection: 100,
    heartBeatInterval: 0,
    warmup: false,
  });
  const { speculativeExecution } = options.policies;
  expect(speculativeExecution).toBeInstanceOf(policies.speculativeExecution.ConstantSpeculativeExecutionPolicy);
  expect(options.cloud).toEqual({ secureConnectBundle: "./bundle.zip" });
  expect(clientOptionsFor({})).toEqual({ pooling: {}, policies: {} });
});

describe("mutually exclusive connection options", () => {
  const client = { execute() {} } as unknown as Client;
  test.each([
    [{ client, contactPoints: ["a"] }, "cql.contactPoints: and cql.client exclude each other"],
    [{ client, cloud: { secureConnectBundle: "a" } }, "cql.cloud: and cql.client exclude each other"],
    [{ cloud: { secureConnectBundle: "a" }, localDataCenter: "dc1" }, "cql.localDataCenter: and cql.cloud exclude each other"],
    [{ cloud: { secureConnectBundle: "a" }, tls: {} }, "cql.tls: and cql.cloud exclude each other"],
    [{ client, speculativeExecution: { delayMs: 5 } }, "cql.speculativeExecution: and cql.client exclude each other"],
  ])("case %#", (cql, message) => {
    expect(() => new ScyllaDBStore({ cql: { keyspace: "agents", ...cql } })).toThrow(ConfigurationError);
    expect(() => new ScyllaDBStore({ cql: { keyspace: "agents", ...cql } })).toThrow(message);
  });
});

describe("an invalid secure connect bundle is rejected at once, by name", () => {
  let folder = "";
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ["nowhere.zip", null, "cannot be read (ENOENT)"],
    ["bundle.zip", "<html>Log in first</html>", "is not a .zip archive"],
  ])("%s", async (name, content, why) => {
    folder = await mkdtemp(join(tmpdir(), "bundle-"));
    const secureConnectBundle = join(folder, name);
    if (content !== null) await writeFile(secureConnectBundle, content);
    const connecting = ScyllaDBStore.connect({ cql: { cloud: { secureConnectBundle }, keyspace: "agents" } });
    await expect(connecting).rejects.toMatchObject({ code: "CONFIGURATION" });
    await expect(connecting).rejects.toThrow(why);
  });
});
