/** Creates the core of a runtime: indexing and the memory. */
import type { CommonConfig } from "../config/schema.ts";
import type { GenerationDescriptor } from "../core/generation-record.ts";
import { SharedEmbedder } from "../core/embedding.ts";
import { IndexRules } from "../core/index-rules.ts";
import type { Indexing } from "../core/indexing.ts";
import { Keywords } from "../core/keywords/keywords.ts";
import { Memory } from "../core/memory.ts";
import { identityOf } from "../core/model-identity.ts";
import type { ReconcileDependencies } from "../core/reconcile-item.ts";
import { SearchModes } from "../core/search-modes.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import type { VectorIndex } from "../ports/vector-index.ts";
import { retryingClientOf } from "../resilience/client-retries.ts";
import { guardEmbeddings } from "../resilience/guarded-embedder.ts";
import { watchGroups } from "../telemetry/group-watch.ts";
import { observeEmbedder, observeProvider } from "../telemetry/observed-calls.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import type { StoreContext } from "./context.ts";
import type { Databases } from "./databases.ts";
import type { Maintenance } from "./maintenance.ts";

/** Share of the write deadline for a provider call: less than PUT_EMBEDDING_SHARE (write-path.ts), so that the provider's own error arrives first. */
const PROVIDER_CALL_SHARE = 0.45;

/** The configured generations of an index, and the embedder of the first with its cache of embeddings. */
interface RuntimeIndexing {
  /** Of `index`, and of `index.next`; empty when the store has no index. */
  readonly indexings: readonly Indexing[];
  readonly embedder: SharedEmbedder | null;
}

/** Options of a configured generation: of `index`, or of `index.next`. */
type GenerationConfig = Pick<NonNullable<CommonConfig["index"]>, "embeddings" | "dims" | "model" | "fields" | "rules" | "metric" | "keyword">;

/** Returns the options of the configured generations; empty for a store without an index. */
export function generationConfigs({ index }: Pick<CommonConfig, "index">): readonly GenerationConfig[] {
  if (index === undefined) return [];
  const { next } = index;
  if (next === undefined) return [index];
  return [index, { ...next, fields: next.fields ?? index.fields, rules: next.rules ?? index.rules, metric: next.metric ?? index.metric, keyword: next.keyword ?? index.keyword }];
}

/** Loads the models that run in this process. Never rejects: the first call that embeds a text reports why a model cannot be loaded. */
export async function warmUpModels(config: Pick<CommonConfig, "index">): Promise<void> {
  await Promise.allSettled(generationConfigs(config).map(async ({ embeddings }) => embeddings.warmUp?.()));
}

/** Describes the configured generations. */
export function descriptorsOf(config: Pick<CommonConfig, "index" | "codec">): readonly GenerationDescriptor[] {
  return generationConfigs(config).map((index) => ({
    ...identityOf(index),
    fields: index.fields,
    // Those of a mode alone do not select texts.
    rules: index.rules.flatMap(({ namespace, fields }) => (fields === undefined ? [] : [{ namespace, fields }])),
    keyword: keywordLanguageOf({ index, codec: config.codec }),
  }));
}

/** Creates what the core needs to index and to search by similarity. */
export function createIndexing(config: CommonConfig, databases: Databases, telemetry: Telemetry): RuntimeIndexing {
  const { index } = config;
  if (index === undefined) return { indexings: [], embedder: null };
  const modes = new SearchModes(index.mode, index.rules, index.fusion, index.ranking ?? null);
  const created = generationConfigs(config).map((generation, i) => createGeneration(config, { ...index, ...generation }, i, { databases, telemetry, modes }));
  return { indexings: created.map(({ indexing }) => indexing), embedder: created[0]?.embedder ?? null };
}

/** What generations share. */
interface SharedByGenerations {
  readonly databases: Databases;
  readonly telemetry: Telemetry;
  readonly modes: SearchModes;
}

function createGeneration(
  config: CommonConfig,
  index: NonNullable<CommonConfig["index"]>,
  position: number,
  { databases, telemetry, modes }: SharedByGenerations,
): { readonly indexing: Indexing; readonly embedder: SharedEmbedder } {
  const { embedding, limits, logger } = config;
  const vectors = databases.callPorts.vectors[position] as VectorIndex;
  const retrying = retryingClientOf(index.embeddings);
  if (retrying !== null) {
    logger.warn(
      { client: retrying.name, maxRetries: retrying.maxRetries },
      `The embeddings client (${retrying.name}) retries failed calls by itself, which hides why they fail and ignores the store's time limits: create it with maxRetries: 0; the store retries by \`retry\`.`,
    );
  }
  const provider = guardEmbeddings(index.embeddings, position === 0 ? databases.guards.of("embeddings") : databases.guards.ofNextEmbeddings(), {
    queryMs: limits.queryEmbeddingDeadlineMs,
    // Puts wait for their own share of the deadline; maintenance, which joins their calls, needs more than a short write deadline.
    documentsMs: Math.max(Math.ceil(limits.writeDeadlineMs * PROVIDER_CALL_SHARE), limits.queryEmbeddingDeadlineMs),
  });
  const observed = observeProvider(provider, telemetry, identityOf(index).model);
  const embedder = new SharedEmbedder(observed, index, embedding, { observer: telemetry, watch: watchGroups(telemetry, "embeddings") });
  const rules = new IndexRules(index.fields, index.rules);
  const keywords = new Keywords(keywordLanguageOf({ index, codec: config.codec }));
  if (config.codec !== undefined && keywords.configured !== null) {
    logger.warn(
      { option: "index.keyword" },
      "index.keyword stores the words of texts readable beside the vectors, which the codec does not encrypt: set it to false unless that is intended.",
    );
  }
  const storedLanguage = (): KeywordLanguage | null => databases.keywordLanguage(position);
  return { indexing: { rules, embedder: observeEmbedder(embedder, telemetry), vectors, storedLanguage, keywords, modes, metric: index.metric }, embedder };
}

/** Returns the language of keyword search; null when it is off, as it is by default with a codec. */
function keywordLanguageOf({ index, codec }: { readonly index?: Pick<GenerationConfig, "keyword"> | undefined; readonly codec?: CommonConfig["codec"] }): KeywordLanguage | null {
  if (index === undefined) return null;
  const keyword = index.keyword ?? (codec === undefined ? { language: "english" as const } : false);
  return keyword === false ? null : keyword.language;
}

/** Creates the memory, which runs the operations. */
export function createMemory(
  { limits, ttl, logger, vectorSync, embeddingFailure }: CommonConfig,
  { events, clock, telemetry, degraded }: StoreContext,
  data: ReconcileDependencies,
  maintenance: Maintenance,
): Memory {
  return new Memory({
    ...data,
    intents: maintenance.intents,
    policy: { vectorSync, embeddingFailure },
    limits: { ...limits, searches: { maxConcurrent: limits.maxConcurrentSearches, maxQueued: limits.maxQueuedSearches } },
    ttl,
    events,
    logger,
    observer: telemetry,
    clock,
    onStale: (ids) => maintenance.reconciler.reportStale(ids),
    rights: maintenance.rights(),
    degraded,
  });
}
