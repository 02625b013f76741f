/** The suite of a user: run by Jest (CommonJS and ES modules) and by Vitest. `clock` is `jest` or `vi`. */
module.exports = function suite({ ScyllaDBStore, ValidationError, ClosedError }, clock) {
  const counts = (text) => Array.from("abcdefghijklmnopqrstuvwxyz", (letter) => text.split(letter).length - 1);
  const embeddings = { embedQuery: async (text) => counts(text), embedDocuments: async (texts) => texts.map(counts) };
  const index = { dims: 26, embeddings, fields: ["text"] };
  let store;

  beforeEach(async () => {
    store = await ScyllaDBStore.embedded({ path: ":memory:", index });
  });

  afterEach(async () => {
    clock.useRealTimers();
    await store.stop();
  });

  async function use() {
    await store.put(["users", "mia"], "tea", { text: "green tea", n: 1 });
    await store.put(["users", "mia"], "chess", { text: "blitz with xaver" });
    expect((await store.get(["users", "mia"], "tea")).value).toEqual({ text: "green tea", n: 1 });
    const [near] = await store.search(["users"], { query: "blitz with xaver" });
    expect(near.key).toBe("chess");
    expect(await store.listNamespaces({ prefix: ["users"] })).toEqual([["users", "mia"]]);
  }

  test("a store on a local file works", use);

  test("values, dates and signals of the runner's realm are accepted", async () => {
    const value = structuredClone({ list: [1, "two", { three: 3 }], nested: { yes: true } });
    await store.put(["a"], "k", value, undefined, { signal: new AbortController().signal });
    expect((await store.get(["a"], "k")).value).toEqual(value);
    const { items } = await collect(store.with({}).items(["a"]));
    expect(items.map(({ key }) => key)).toEqual(["k"]);
  });

  async function collect(iterable) {
    const items = [];
    for await (const item of iterable) items.push(item);
    return { items };
  }

  test("errors are instances of the exported classes", async () => {
    await expect(store.put([], "k", { n: 1 })).rejects.toThrow();
    await expect(store.put(["a"], "k", "a text")).rejects.toBeInstanceOf(ValidationError);
    const other = await ScyllaDBStore.embedded({ path: ":memory:" });
    await other.stop();
    await expect(other.get(["a"], "k")).rejects.toBeInstanceOf(ClosedError);
  });

  test("a store works with faked timers", async () => {
    clock.useFakeTimers();
    await use();
    await store.stop();
  });

  test("a store opens with faked timers", async () => {
    clock.useFakeTimers();
    const opened = await ScyllaDBStore.embedded({ path: ":memory:" });
    await opened.put(["a"], "k", { n: 1 });
    await opened.stop();
  });

  test("times of items follow a faked clock", async () => {
    clock.useFakeTimers({ now: new Date("2040-05-06T07:08:09Z") });
    await store.put(["a"], "k", { n: 1 });
    const { createdAt } = await store.get(["a"], "k");
    expect(createdAt.toISOString().slice(0, 19)).toBe("2040-05-06T07:08:09");
  });

  test("an item expires when a faked clock passes its TTL", async () => {
    clock.useFakeTimers({ now: Date.now() });
    await store.put(["a"], "k", { n: 1 }, undefined, { ttl: 60 });
    expect(await store.get(["a"], "k")).not.toBeNull();
    clock.setSystemTime(Date.now() + 61 * 60_000);
    expect(await store.get(["a"], "k")).toBeNull();
  });
};
