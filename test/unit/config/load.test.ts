import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ConfigurationError, loadConfig, ScyllaDBStore, type LoadOptions } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const cql = { contactPoints: ["127.0.0.1"], localDataCenter: "dc1", keyspace: "agents" };

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "config-"));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
/** Writes a configuration file and returns its path. */
async function fileOf(extension: string, text: string): Promise<string> {
  const path = join(folder, `config-${(files += 1)}.${extension}`);
  await writeFile(path, text);
  return path;
}

/** Loads from these sources only. */
function load(options: LoadOptions): Promise<unknown> {
  return loadConfig({ file: false, env: {}, ...options });
}

/** Returns the error of a rejected configuration. */
async function refusal(options: LoadOptions): Promise<string> {
  const error: unknown = await load(options).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).message;
}

describe("configuration files", () => {
  test.each([
    ["json", '{ "path": "a.db", "limits": { "deadlineMs": 5 } }'],
    ["yaml", "path: a.db\nlimits:\n  deadlineMs: 5\n"],
    ["yml", "{ path: a.db, limits: { deadlineMs: 5 } }"],
    ["mjs", 'export default { path: "a.db", limits: { deadlineMs: 5 } };'],
    ["cjs", 'module.exports = { path: "a.db", limits: { deadlineMs: 5 } };'],
    ["ts", 'const deadlineMs: number = 5;\nexport default { path: "a.db", limits: { deadlineMs } };'],
  ])("of kind %s are read", async (extension, text) => {
    expect(await load({ file: await fileOf(extension, text) })).toEqual({ path: "a.db", limits: { deadlineMs: 5 } });
  });

  test.each([
    ["ts", 'const path: string = "ONE";\nexport default { path };'],
    ["mjs", 'export default { path: "ONE" };'],
    ["cjs", 'module.exports = { path: "ONE" };'],
    ["yaml", "path: ONE"],
  ])("of kind %s are read again each time, by Node.js", async (extension, text) => {
    const file = await fileOf(extension, text);
    const program = `
      import { readFile, writeFile } from "node:fs/promises";
      import { loadConfig } from ${JSON.stringify(new URL("../../../src/config/load.ts", import.meta.url).href)};
      const options = { file: ${JSON.stringify(file)}, env: {} };
      const before = await loadConfig(options);
      await writeFile(options.file, (await readFile(options.file, "utf8")).replace("ONE", "TWO"));
      console.log(before.path, (await loadConfig(options)).path);`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program]);
    expect(stdout.trim()).toBe("ONE TWO");
  });

  test.each([
    ["json", '{ "path": "a.db", "password": "hunter2" "x" }', "is not valid JSON"],
    ["yaml", "path: 'hunter2\nx: y: z", "syntax error in line 2"],
    ["yaml", "path: a\npath: hunter2", "syntax error in line 2"],
    ["yaml", "path: a.db\nqdrant: { apiKey: *hunter2 }", "line 2 has an alias without an anchor. Put text that begins with * in quotes"],
    ["yaml", "*hunter2", "line 1 has an alias without an anchor"],
    ["yaml", "- hunter2", "must contain an object of options, but contains array"],
    ["mjs", "export const path = 1;", "as its default export, but contains undefined"],
    ["mjs", 'throw new Error("no such model")', "failed: no such model"],
  ])("that cannot be parsed are rejected: %s %s", async (extension, text, why) => {
    const message = await refusal({ file: await fileOf(extension, text) });
    expect(message).toContain(why);
    expect(message).not.toContain("hunter2");
  });

  test("that are missing are rejected by name", async () => {
    expect(await refusal({ file: join(folder, "nowhere.yaml") })).toContain("nowhere.yaml does not exist");
  });

  test("that expand beyond memory are rejected", async () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${i === 0 ? "x" : Array<string>(9).fill(`*a${i - 1}`).join(",")}]`);
    expect(await refusal({ file: await fileOf("yaml", bomb.join("\n")) })).toContain("aliases expand to too many nodes");
  });

  test("are named in errors about their options", async () => {
    const file = await fileOf("yaml", "path: a.db\nlimits: { deadlinMs: 5, drainMs: soon }");
    const message = await refusal({ file });
    expect(message).toContain(`limits.deadlinMs: is not an option (in ${file}); did you mean limits.deadlineMs?`);
    expect(message).toContain(`limits.drainMs: must be a whole number of at least 1 (got "soon" in ${file})`);
  });
});

describe("sources in order of precedence", () => {
  test("are defaults, file, profile, environment, code", async () => {
    const text = `
path: file.db
limits: { deadlineMs: 1, drainMs: 1, maxKeyBytes: 1, maxValueBytes: 1 }
ttl: { rules: [{ namespace: [a], defaultTtl: 1 }, { namespace: [b], defaultTtl: 1 }] }
profiles:
  staging: { limits: { drainMs: 2, maxKeyBytes: 2, maxValueBytes: 2 } }`;
    const config = await load({
      file: await fileOf("yaml", text),
      profile: "staging",
      env: { SCYLLADB_STORE_LIMITS__MAX_KEY_BYTES: "3", SCYLLADB_STORE_LIMITS__MAX_VALUE_BYTES: "3", SCYLLADB_STORE_ORDER: "" },
      overrides: { limits: { maxValueBytes: 4, deadlineMs: undefined }, ttl: { rules: [] } },
    });
    expect(config).toEqual({
      path: "file.db",
      limits: { deadlineMs: 1, drainMs: 2, maxKeyBytes: 3, maxValueBytes: 4 },
      ttl: { rules: [] },
    });
  });

  test("an instance is used unchanged", async () => {
    const embeddings = new HashEmbeddings({ dims: 8 });
    const config = (await load({
      file: await fileOf("yaml", "path: a.db\nindex: { dims: 8, fields: [text] }"),
      overrides: { index: { embeddings } },
    })) as { index: { embeddings: unknown; fields: string[] } };
    expect(config.index.embeddings).toBe(embeddings);
    expect(config.index.fields).toEqual(["text"]);
  });
});

describe("profiles", () => {
  const text = "path: a.db\nprofiles: { development: { path: dev.db }, production: { path: prod.db } }";
  test.each([
    [{}, {}, "a.db"],
    [{ profile: "production" }, { SCYLLADB_STORE_PROFILE: "development" }, "prod.db"],
    [{}, { SCYLLADB_STORE_PROFILE: "development", NODE_ENV: "production" }, "dev.db"],
    [{}, { NODE_ENV: "production" }, "prod.db"],
    [{}, { NODE_ENV: "test" }, "a.db"],
  ] as const)("case %#", async (options, env, path) => {
    expect(await load({ file: await fileOf("yaml", text), ...options, env })).toEqual({ path });
  });

  test("that were asked for have to be there", async () => {
    expect(await refusal({ file: await fileOf("yaml", text), profile: "staging" })).toContain('"staging" was selected by the option profile');
    expect(await refusal({ profile: "staging" })).toContain("there is no configuration file");
    expect(await refusal({ env: { SCYLLADB_STORE_PROFILE: "prod" } })).toContain("must be development, staging or production");
    expect(await refusal({ file: await fileOf("yaml", "path: a\nprofiles: { productoin: {} }") })).toContain("did you mean production?");
  });
});

describe("environment variables", () => {
  test("give every kind of value", async () => {
    const env = {
      SCYLLADB_STORE_CQL__CONTACT_POINTS: "a:1, b:2",
      SCYLLADB_STORE_CQL__LOCAL_DATA_CENTER: "dc1",
      SCYLLADB_STORE_CQL__KEYSPACE: "agents",
      SCYLLADB_STORE_CQL__CREDENTIALS__USERNAME: "12345",
      SCYLLADB_STORE_CQL__CREDENTIALS__PASSWORD: '{"a":1}',
      SCYLLADB_STORE_CQL__REPLICATION: '{"dc1":3}',
      SCYLLADB_STORE_CQL__POOLING__WARM_UP: "false",
      SCYLLADB_STORE_CQL__PORT: "9042",
      SCYLLADB_STORE_TTL__RULES: '[{"namespace":["a"],"defaultTtl":null}]',
      SCYLLADB_STORE_TTL__DEFAULT_TTL: "1.5",
      SCYLLADB_STORE_QDRANT__URL: "http://q:1",
      QDRANT_URL: "http://other:1",
      QDRANT_API_KEY: "key",
      PATH: "/bin",
    };
    expect(await load({ env })).toEqual({
      cql: {
        contactPoints: ["a:1", "b:2"],
        localDataCenter: "dc1",
        keyspace: "agents",
        credentials: { username: "12345", password: '{"a":1}' },
        replication: { dc1: 3 },
        pooling: { warmUp: false },
        port: 9042,
      },
      ttl: { rules: [{ namespace: ["a"], defaultTtl: null }], defaultTtl: 1.5 },
      qdrant: { url: "http://q:1", apiKey: "key" },
    });
  });

  test("of other programs are ignored if they do not concern this store", async () => {
    const env = { QDRANT_URL: "http://other:1", QDRANT_API_KEY: "key" };
    expect(await load({ env, overrides: { path: "a.db" } })).toEqual({ path: "a.db" });
    expect(await load({ env: { QDRANT_API_KEY: "key" }, overrides: { cql } })).toEqual({ cql });
  });

  test.each([
    ["SCYLLADB_STORE_LIMIT__DRAIN_MS", "5", "did you mean SCYLLADB_STORE_LIMITS__DRAIN_MS?"],
    ["SCYLLADB_STORE_CQL_KEYSPACE", "x", "did you mean SCYLLADB_STORE_CQL__KEYSPACE?"],
    ["SCYLLADB_STORE_CQL__CREDENTIALS", "hunter2", "SCYLLADB_STORE_CQL__CREDENTIALS__USERNAME, SCYLLADB_STORE_CQL__CREDENTIALS__PASSWORD"],
    ["SCYLLADB_STORE_LOGGER", "hunter2", "can only be set in code"],
    ["SCYLLADB_STORE_WHATEVER_THIS_IS", "hunter2", "is not a variable of the store"],
    ["SCYLLADB_STORE_LIMITS__DRAIN_MS", "10s", 'got "10s" in SCYLLADB_STORE_LIMITS__DRAIN_MS). For example: SCYLLADB_STORE_LIMITS__DRAIN_MS=10000'],
    ["SCYLLADB_STORE_TTL__RULES", "[{", 'For example: SCYLLADB_STORE_TTL__RULES=[{"namespace":["sessions"],"defaultTtl":60}]'],
    ["SCYLLADB_STORE_QDRANT__URL", "hunter2?key=hunter2", "qdrant.url: must be a URL (got a text that is not shown"],
  ])("that are invalid are rejected by name: %s", async (name, value, why) => {
    const message = await refusal({ env: { [name]: value }, overrides: { cql } });
    expect(message).toContain(why);
    expect(message).toContain(name.startsWith("SCYLLADB_STORE_QDRANT") ? "qdrant.url" : name);
    expect(message).not.toContain("hunter2");
  });
});

describe("the kind of store", () => {
  test("is required", async () => {
    expect(await refusal({})).toContain("must have cql (a store on servers) or path (a store on one local file)");
    expect(await refusal({ overrides: { cql, path: "a.db" } })).toContain("has both cql");
  });

  test("is created by fromConfig", async () => {
    const file = await fileOf("yaml", "path: ':memory:'\norder: newest");
    await using store = await ScyllaDBStore.fromConfig({ file, env: {} });
    await store.put(["a"], "1", { n: 1 });
    await store.put(["a"], "2", { n: 2 });
    expect((await store.search(["a"])).map(({ key }) => key)).toEqual(["2", "1"]);
  });
});

test("unknown options of loadConfig are rejected", async () => {
  expect(await refusal({ overides: {} } as LoadOptions)).toContain('got "overides"');
  expect(await refusal({ overrides: [] as unknown as LoadOptions["overrides"] })).toContain("overrides must be an object");
});
