/** What every application of these trials does with a store. */

/** Embeds a text as the counts of its letters: no key, no network, and the same on every runtime. */
export const letters = {
  model: "letters",
  embedQuery: async (text) => vectorOf(text),
  embedDocuments: async (texts) => texts.map(vectorOf),
};

export const index = { dims: 26, embeddings: letters, fields: ["text"], keyword: { language: "english" } };

function vectorOf(text) {
  const counts = new Array(26).fill(0);
  for (const letter of text.toLowerCase()) {
    const place = letter.charCodeAt(0) - 97;
    if (place >= 0 && place < 26) counts[place] += 1;
  }
  return counts;
}

function check(isRight, what) {
  if (!isRight) throw new Error(`wrong: ${what}`);
}

/** Writes, reads and searches by vectors and by keywords. */
export async function use(store) {
  const namespace = ["projects", String(Math.random()).slice(2)];
  await store.put(namespace, "tea", { text: "Mia drinks green tea", at: new Date(0).toISOString() });
  await store.put(namespace, "chess", { text: "Zoltan plays blitz with Xaver" });
  const item = await store.get(namespace, "tea");
  check(item?.value.text === "Mia drinks green tea", "get");
  const [near] = await store.search(namespace, { query: "Zoltan plays blitz with Xaver" });
  check(near?.key === "chess" && near.score !== undefined, "search by vectors");
  const [word] = await store.search(namespace, { query: "drinking", mode: "keyword" });
  check(word?.key === "tea", "search by keywords");
  await store.delete(namespace, "tea");
  await store.delete(namespace, "chess");
  check((await store.get(namespace, "tea")) === null, "delete");
}

/** Configuration of the servers in the environment; null without them. */
export function servers(keyspace) {
  const { TEST_CQL_CONTACT_POINTS: points, TEST_CQL_LOCAL_DC: localDataCenter = "datacenter1", TEST_QDRANT_URL: url } = process.env;
  if (!points || !url) return null;
  return { cql: { contactPoints: points.split(","), localDataCenter, keyspace }, qdrant: { url }, index };
}

/** Connects a store to the servers of the environment; without them, reads the migrations, for which no server is needed. */
export async function useServers(ScyllaDBStore, keyspace = "projects_trial") {
  const config = servers(keyspace) ?? { cql: { contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1", keyspace } };
  const statements = await ScyllaDBStore.schemaStatements(config);
  check(statements.some((statement) => statement.includes("CREATE TABLE")), "migrations");
  if (servers(keyspace) === null) {
    await new ScyllaDBStore(config).stop();
    return;
  }
  const store = await ScyllaDBStore.connect(config);
  try {
    await use(store);
  } finally {
    await store.stop();
  }
}

/** Opens a store on a local file. */
export async function useFile(ScyllaDBStore, path = ":memory:") {
  const store = await ScyllaDBStore.embedded({ path, index });
  try {
    await use(store);
  } finally {
    await store.stop();
  }
}
