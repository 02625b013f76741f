/** The stores whose rankings are compared. */
import { InMemoryStore, type BaseStore } from "@langchain/langgraph-checkpoint";
import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { ScyllaDBStore, type SearchMode } from "langgraph-store-scylladb";
import { LOCAL_EMBEDDINGS_DIMS } from "langgraph-store-scylladb/local-embeddings";
import { startPostgres } from "../../servers/postgres.ts";
import { startServers } from "../../servers/servers.ts";
import { onServers, serverConfig, dropCollections, dropKeyspace, uniqueName } from "../../support/stores.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { valueOf, type Conversation } from "./conversations.ts";
import type { RecallEmbeddings } from "./embeddings.ts";

/** Returns the ids of the best turns of a conversation for a question. */
type Search = (conversation: string, question: string, limit: number) => Promise<string[]>;

/** One ranking of one store. */
export interface Ranking {
  readonly system: string;
  readonly ranking: string;
  readonly search: Search;
  /** Called before the first search, and after the last. */
  readonly begin?: () => Promise<void> | void;
  readonly end?: () => Promise<void> | void;
}

/** A store that holds the conversations. */
export interface RecallSystem {
  readonly rankings: readonly Ranking[];
  stop(): Promise<void>;
}

const ROOT = "locomo";

/** Puts all turns, a conversation a namespace. */
async function load(store: BaseStore, conversations: readonly Conversation[]): Promise<void> {
  for (const { id, turns } of conversations) {
    for (let start = 0; start < turns.length; start += 100) {
      const part = turns.slice(start, start + 100);
      await store.batch(part.map((turn) => ({ namespace: [ROOT, id], key: turn.id, value: valueOf(turn) })));
    }
  }
}

function searchOf(store: BaseStore, options: Record<string, unknown> = {}): Search {
  return async (conversation, query, limit) => (await store.search([ROOT, conversation], { query, limit, ...options })).map(({ key }) => key);
}

const MODES: readonly SearchMode[] = ["semantic", "keyword", "hybrid"];

/** Of the time that a turn was said at. The questions are about the entire conversation, so that decay can only cost recall here. */
const DECAY = { halfLifeDays: 365, field: "said" };

function ourRankings(system: string, store: ScyllaDBStore, embeddings: RecallEmbeddings): Ranking[] {
  const modes = MODES.map((mode): Ranking => ({ system, ranking: mode, search: searchOf(store, { mode }) }));
  const down: Ranking = {
    system,
    ranking: "provider down",
    search: searchOf(store, { mode: "hybrid" }),
    begin: () => void (embeddings.isDown = true),
    end: () => void (embeddings.isDown = false),
  };
  const decay: Ranking = { system, ranking: "hybrid with decay", search: searchOf(store, { mode: "hybrid", decay: DECAY }) };
  return [...modes, decay, down];
}

function indexOf(embeddings: RecallEmbeddings) {
  // Without a cache, so that an outage of the provider is seen for each question.
  return { index: { dims: LOCAL_EMBEDDINGS_DIMS, embeddings, fields: ["text"] }, embedding: { cacheBytes: 0 } };
}

export async function embeddedSystem(conversations: readonly Conversation[], embeddings: RecallEmbeddings): Promise<RecallSystem> {
  const store = await ScyllaDBStore.embedded({ path: ":memory:", ...indexOf(embeddings) });
  await load(store, conversations);
  return { rankings: ourRankings("local file", store, embeddings), stop: () => store.stop() };
}

export async function serversSystem(conversations: readonly Conversation[], embeddings: RecallEmbeddings): Promise<RecallSystem> {
  const servers = await startServers({ jit: "full" });
  const made = await onServers(servers)(indexOf(embeddings));
  const { store } = made;
  await load(store, conversations);
  const { hostname, port } = new URL(servers.qdrant.url);
  const proxy = await TcpProxy.start({ host: hostname, port: Number(port) });
  const keyspace = uniqueName("recall");
  const config = { ...serverConfig(servers, keyspace), qdrant: { ...serverConfig(servers, keyspace).qdrant, url: `http://127.0.0.1:${proxy.port}` } };
  const behind = await ScyllaDBStore.connect({ ...config, ...indexOf(embeddings) });
  await load(behind, conversations);
  const down: Ranking = { system: "servers", ranking: "Qdrant down", search: searchOf(behind, { mode: "hybrid" }), begin: async () => proxy.stop() };
  return {
    rankings: [...ourRankings("servers", store, embeddings), down],
    async stop() {
      await behind.stop();
      await dropKeyspace(servers, keyspace);
      await dropCollections(servers, keyspace);
      await made.dispose();
      await servers.stop();
    },
  };
}

export async function memorySystem(conversations: readonly Conversation[], embeddings: RecallEmbeddings): Promise<RecallSystem> {
  const store = new InMemoryStore({ index: { dims: LOCAL_EMBEDDINGS_DIMS, embeddings, fields: ["text"] } });
  await load(store, conversations);
  // It holds nothing but memory.
  return { rankings: [{ system: "InMemoryStore", ranking: "semantic", search: searchOf(store) }], stop: () => Promise.resolve() };
}

export async function postgresSystem(conversations: readonly Conversation[], embeddings: RecallEmbeddings): Promise<RecallSystem> {
  const server = await startPostgres();
  const store = PostgresStore.fromConnString(server.connectionString, {
    index: { dims: LOCAL_EMBEDDINGS_DIMS, embed: embeddings, fields: ["text"] },
  });
  await store.setup();
  await load(store, conversations);
  const ranking = (name: string, mode: string): Ranking => ({ system: "PostgresStore", ranking: name, search: searchOf(store, { mode }) });
  return {
    rankings: [ranking("semantic", "vector"), ranking("hybrid", "hybrid")],
    async stop() {
      await store.stop();
      await server.stop();
    },
  };
}
