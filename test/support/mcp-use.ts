/** What an MCP client does with a server and what a hostile one tries, whichever transport connects them. */
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { expect, test } from "vitest";
import { callTool } from "./mcp-call.ts";

/** A client of a server with a root, and the stored items as the owner of the store sees them. */
export interface ServedStore {
  connect(root: readonly string[], options?: { readonly readOnly?: boolean }): Promise<Client>;
  put(namespace: string[], key: string, value: Record<string, unknown>): Promise<void>;
  get(namespace: string[], key: string): Promise<Record<string, unknown> | null>;
}

const SECRET = "The secret of the victim is 4711";

/** Registers the tests for one transport. */
export function mcpUse(served: ServedStore): void {
  test("tools are listed with schemas that reject other arguments, and with annotations", async () => {
    const client = await served.connect(["users", "mia"]);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual(["forget", "get", "list", "save", "search"]);
    for (const { name, inputSchema, outputSchema, annotations } of tools) {
      expect(inputSchema, name).toMatchObject({ type: "object", additionalProperties: false });
      expect(outputSchema, name).toMatchObject({ type: "object" });
      const writes = name === "save" || name === "forget";
      expect(annotations, name).toMatchObject({ readOnlyHint: !writes, openWorldHint: false, ...(writes ? { destructiveHint: true } : {}) });
    }
  });

  test("items are saved below the root, found, read, listed and forgotten", async () => {
    const client = await served.connect(["users", "ana"]);
    const saved = await callTool(client, "save", { text: "Ana loves spicy curry", fields: { topic: "food" }, key: "curry" });
    expect(saved).toMatchObject({ isError: false, content: { namespace: ["memories"], key: "curry" } });
    const other = await callTool(client, "save", { text: "Ana plays tennis", namespace: ["hobbies"] });
    expect(other.content).toMatchObject({ namespace: ["hobbies"], key: expect.any(String) as string });
    const found = await callTool(client, "search", { query: "spicy curry", limit: 1 });
    expect(found.content).toMatchObject({ items: [{ namespace: ["memories"], key: "curry", value: { text: "Ana loves spicy curry", topic: "food" } }], degraded: false, omitted: 0 });
    expect(JSON.parse(found.text)).toEqual(found.content);
    expect((await callTool(client, "search", { query: "Ana", filter: { topic: "food" } })).content["items"]).toHaveLength(1);
    expect((await callTool(client, "get", { namespace: ["memories"], key: "curry" })).content).toMatchObject({ value: { text: "Ana loves spicy curry" } });
    const page = await callTool(client, "list", { limit: 1 });
    expect(page.content["items"]).toMatchObject([{ namespace: ["hobbies"], preview: "Ana plays tennis" }]);
    const next = await callTool(client, "list", { limit: 1, cursor: page.content["nextCursor"] });
    expect(next.content["items"]).toMatchObject([{ key: "curry" }]);
    expect((await callTool(client, "forget", { key: "curry" })).content).toMatchObject({ key: "curry", existed: true });
    expect((await callTool(client, "forget", { key: "curry" })).content).toMatchObject({ existed: false });
    expect(await callTool(client, "get", { key: "curry" })).toMatchObject({ isError: true, text: expect.stringContaining("There is no item") as string });
  });

  test("an item in the root itself and one with the longest key are listed, read and forgotten", async () => {
    const [root, long] = [["users", "direct"], "\u00e9".repeat(16_000)];
    await served.put(root, "first", { text: "in the root" });
    await served.put([...root, "a"], long, { text: "long key" });
    const client = await served.connect(root);
    const keys: unknown[] = [];
    let cursor: unknown;
    do {
      const { content } = await callTool(client, "list", { limit: 1, ...(cursor === undefined ? {} : { cursor }) });
      keys.push(...(content["items"] as { readonly key: string }[]).map(({ key }) => key));
      cursor = content["nextCursor"];
    } while (cursor !== undefined);
    expect(keys.sort()).toEqual(["first", long]);
    expect((await callTool(client, "get", { namespace: [], key: "first" })).content).toMatchObject({ value: { text: "in the root" } });
    expect(await client.readResource({ uri: "memory:///?key=first" })).toMatchObject({ contents: [{ uri: "memory:///?key=first" }] });
    expect((await callTool(client, "forget", { namespace: ["a"], key: long })).content).toMatchObject({ existed: true });
  });

  test("items are resources whose URIs carry any key", async () => {
    await served.put(["users", "res", "a/b"], "../?key=x&#%", { text: "odd key" });
    await served.put(["users", "res", "typed"], ".", { at: new Date(0), n: 2n ** 70n });
    const client = await served.connect(["users", "res"]);
    const { resources } = await client.listResources();
    expect(resources.map(({ name }) => name).sort()).toEqual([".", "../?key=x&#%"]);
    const read = await Promise.all(resources.map(({ uri }) => client.readResource({ uri })));
    const values = read.map(({ contents: [content] }) => (JSON.parse((content as { text: string }).text) as { value: unknown }).value);
    expect(values).toContainEqual({ text: "odd key" });
    expect(values).toContainEqual({ at: "1970-01-01T00:00:00.000Z", n: (2n ** 70n).toString() });
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([{ uriTemplate: "memory:///{+namespace}{?key}" }]);
    await expect(client.readResource({ uri: "memory:///typed?key=none" })).rejects.toMatchObject({ code: -32_002 });
  });

  test("a read-only server offers and accepts no tool that writes", async () => {
    await served.put(["users", "ro", "memories"], "k", { text: "stays" });
    const client = await served.connect(["users", "ro"], { readOnly: true });
    expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual(["get", "list", "search"]);
    expect(await callTool(client, "save", { text: "overwritten", key: "k" })).toMatchObject({ isError: true });
    expect(await callTool(client, "forget", { key: "k" })).toMatchObject({ isError: true });
    expect((await callTool(client, "get", { key: "k" })).content).toMatchObject({ value: { text: "stays" } });
    expect(await served.get(["users", "ro", "memories"], "k")).toEqual({ text: "stays" });
  });

  hostileClients(served);
}

/** Namespaces that would leave the root, were any of them a path, a pattern or a prefix. */
const HOSTILE_NAMESPACES: readonly unknown[] = [
  ["..", "victim", "memories"],
  ["../victim/memories"],
  ["..", "..", "users", "victim", "memories"],
  ["users", "victim", "memories"],
  ["users.victim.memories"],
  ["victim.memories"],
  [".victim"],
  ["*"],
  ["*", "memories"],
  [""],
  ["", "users", "victim", "memories"],
  ["\u0000"],
  ["\ud800"],
  ["langgraph"],
  ["__proto__"],
  [["users", "victim", "memories"]],
  [{ $ne: "mallory" }],
  [null],
  "users.victim.memories",
  { prefix: ["users", "victim"] },
  null,
  Array.from({ length: 65 }, () => "deep"),
  ["x".repeat(100_000)],
];

function hostileClients(served: ServedStore): void {
  const victim = ["users", "victim", "memories"];

  test("no namespace argument reaches an item outside the root", async () => {
    await served.put(victim, "secret", { text: SECRET });
    await served.put(["users", "mallory2", "memories"], "secret", { text: SECRET });
    const client = await served.connect(["users", "mallory"]);
    for (const namespace of HOSTILE_NAMESPACES) {
      for (const [name, args] of [
        ["search", { query: "secret of the victim", namespace }],
        ["get", { key: "secret", namespace }],
        ["list", { namespace }],
        ["save", { text: "overwritten", key: "secret", namespace }],
        ["forget", { key: "secret", namespace }],
      ] as const) {
        expect((await callTool(client, name, args)).text, `${name} ${JSON.stringify(namespace)?.slice(0, 80)}`).not.toContain("4711");
      }
    }
    expect(await served.get(victim, "secret")).toEqual({ text: SECRET });
    expect(await served.get(["users", "mallory2", "memories"], "secret")).toEqual({ text: SECRET });
  });

  test("no other argument, key, filter or cursor reaches an item outside the root", async () => {
    await served.put(victim, "secret", { text: SECRET });
    await served.put(["users", "eve", "memories"], "own", { text: "of eve" });
    const client = await served.connect(["users", "eve"]);
    const foreign = await served.connect(["users", "victim"]);
    const { nextCursor } = (await callTool(foreign, "list", { limit: 1 })).content;
    for (const [name, args] of [
      ["get", { key: "../victim/memories/secret" }],
      ["get", { key: "secret", root: ["users", "victim"] }],
      ["get", { key: "secret", prefix: victim }],
      ["search", { query: "secret", filter: { namespace: victim } }],
      ["search", { query: "secret", filter: { $or: [{ ns: "users.victim" }, { text: { $exists: true } }] } }],
      ["search", { query: `{"namespacePrefix":["users","victim"]}` }],
      ["search", { query: "secret of the victim", offset: -1 }],
      ["list", { cursor: "AAAA" }],
      ["list", { cursor: Buffer.from(JSON.stringify({ namespace: victim, key: "" })).toString("base64url") }],
      ["list", { cursor: typeof nextCursor === "string" ? nextCursor : "none" }],
      ["save", { text: "x", key: "secret", fields: { namespace: victim, __proto__: { key: "secret" } } }],
    ] as const) {
      expect((await callTool(client, name, args)).text, `${name} ${JSON.stringify(args)}`).not.toContain("4711");
    }
    expect(await served.get(victim, "secret")).toEqual({ text: SECRET });
  });

  test("no resource URI reaches an item outside the root", async () => {
    await served.put(victim, "secret", { text: SECRET });
    const client = await served.connect(["users", "mallory3"]);
    for (const uri of [
      "memory:///users/victim/memories?key=secret",
      "memory:///../victim/memories?key=secret",
      "memory:///%2E%2E/victim/memories?key=secret",
      "memory:///..%2Fvictim%2Fmemories?key=secret",
      "memory:///users.victim.memories?key=secret",
      "memory://victim/memories?key=secret",
      "memory:///?key=secret",
      "memory:///a?key=%E0%A4%A",
      "file:///etc/passwd",
      "http://127.0.0.1/",
    ]) {
      const outcome: unknown = await client.readResource({ uri }).catch((error: unknown) => error);
      expect(outcome, uri).toBeInstanceOf(Error);
      expect(String(outcome), uri).not.toMatch(/4711|root:/);
    }
    expect((await client.listResources()).resources).toEqual([]);
  });
}
