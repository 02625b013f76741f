/** Options of comparable packages, and what they are called here. */

/** The hint for an option by its path; the options beside it decide which store is configured. */
export function hintFor(path: string, siblings: readonly string[]): string | null {
  if (path === "path" && !siblings.includes("path")) return "it belongs to a store on one local file: use ScyllaDBStore.embedded({ path }).";
  const isFile = siblings.includes("path");
  const hint = isFile ? FILE[path] : SERVERS[path];
  return hint ?? null;
}

const FILE: Readonly<Record<string, string>> = {
  url: "did you mean path? It takes the path of a file, not a URL.",
  file: "did you mean path?",
  filename: "did you mean path?",
  dbPath: "did you mean path?",
  connectionString: "did you mean path? It takes the path of a file, not a URL.",
};

const SERVERS: Readonly<Record<string, string>> = {
  connectionOptions: "the connection is configured by cql: { contactPoints, localDataCenter, keyspace }.",
  connectionString: "use ScyllaDBStore.fromConnString(url), or cql: { contactPoints, localDataCenter, keyspace }.",
  dbName: "did you mean cql.keyspace?",
  database: "did you mean cql.keyspace?",
  "cql.dbName": "did you mean cql.keyspace?",
  "cql.database": "did you mean cql.keyspace?",
  "qdrant.host": 'did you mean qdrant.url? It takes host and port: "http://localhost:6333".',
  "qdrant.port": 'did you mean qdrant.url? It takes host and port: "http://localhost:6333".',
  "qdrant.https": 'did you mean qdrant.url? Begin it with "https://".',
};
