/**
 * The configuration schema: types, defaults and documentation of every option. The configuration is parsed once, before
 * any connection is opened; unknown options are rejected. Each topic has its own file under `options/`.
 */
import { z } from "zod";
import { alerts } from "./options/alerts.ts";
import { audit, embeddedAudit } from "./options/audit.ts";
import { codec } from "./options/codec.ts";
import { cql } from "./options/cql.ts";
import { embedded } from "./options/embedded.ts";
import { embeddingCalls } from "./options/embedding.ts";
import { besideMistakes } from "./options/field-types.ts";
import { limits } from "./options/limits.ts";
import { logger, logLevel } from "./options/logging.ts";
import { fixed } from "./options/meta.ts";
import { qdrant } from "./options/qdrant.ts";
import { rateLimit } from "./options/rate-limit.ts";
import { breaker, bulkhead, embeddingFailure, reconcile, retry, vectorSync } from "./options/resilience.ts";
import { index } from "./options/search-index.ts";
import { secrets } from "./options/secrets.ts";
import { telemetry } from "./options/telemetry.ts";
import { ttl } from "./options/ttl.ts";

export { parseConfig } from "./parse.ts";

const common = {
  index: index.optional(),
  limits,
  embedding: embeddingCalls,
  ttl,
  vectorSync,
  embeddingFailure,
  reconcile,
  retry,
  breaker,
  bulkhead,
  rateLimit: rateLimit.optional(),
  audit: audit.optional(),
  codec: codec.optional(),
  secrets,
  order: z.enum(["oldest", "newest"]).default("oldest").describe("Order of the results of a search without a query: oldest or newest creation first."),
  logger,
  logLevel,
  telemetry,
  alerts: alerts.optional(),
};

/** Input of {@link checkModes}. If the configuration has other mistakes, `index` may be of any type. */
interface SearchOptions {
  readonly index?: z.output<typeof index> | undefined;
  readonly codec?: unknown;
}

/** Reports search modes that need keywords in a store without keywords. */
function checkModes({ index, codec }: SearchOptions, context: z.RefinementCtx): void {
  const keyword = index?.keyword ?? (codec === undefined ? undefined : false);
  if (keyword !== false) return;
  const message = "needs index.keyword, which is false by default with a codec and stores the words of texts readable";
  const needsKeywords = (mode: unknown): boolean => mode === "keyword" || mode === "hybrid";
  if (needsKeywords(index?.mode)) context.addIssue({ code: "custom", path: ["index", "mode"], message });
  const rules: readonly { readonly mode?: unknown }[] = Array.isArray(index?.rules) ? index.rules : [];
  for (const [i, rule] of rules.entries()) {
    if (needsKeywords(rule?.mode)) context.addIssue({ code: "custom", path: ["index", "rules", i, "mode"], message });
  }
}

/** Options of a store on servers. */
export const serverConfigSchema = z
  .strictObject({
    cql: cql.describe("ScyllaDB, Cassandra or Astra DB, which stores the records."),
    qdrant: qdrant.optional().describe("Qdrant, which stores the vectors. Required with `index`."),
    setup: z
      .enum(["auto", "never"])
      .default("auto")
      .describe('"auto" creates keyspace, tables and collection; "never" needs no DDL rights and fails to start if they are missing.')
      .meta(fixed("applies only at the start")),
    ...common,
  })
  .superRefine((config, context) => {
    if (config.index !== undefined && config.qdrant === undefined) {
      context.addIssue({ code: "custom", path: ["qdrant"], message: "is required with index" });
    }
  }, besideMistakes)
  .superRefine(checkModes, besideMistakes);

/** Options of a store on one local file. */
export const embeddedConfigSchema = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .default("./langgraph-store.db")
      .describe(
        'Path of the file. ":memory:" is a temporary file, which is deleted when the store stops or the process exits. If no temporary file can be created, the data is kept in memory.',
      )
      .meta(fixed("holds the records: another file is another store")),
    embedded,
    ...common,
    audit: embeddedAudit.optional(),
  })
  .superRefine(checkModes, besideMistakes);

/** Input for a store on servers. */
export type ServerInput = z.input<typeof serverConfigSchema>;
/** Input for a store on one local file. */
export type EmbeddedInput = z.input<typeof embeddedConfigSchema>;
/** Parsed configuration of a store on servers, with defaults. */
export type ServerConfig = z.output<typeof serverConfigSchema>;
/** Parsed configuration of a store on one local file, with defaults. */
export type EmbeddedConfig = z.output<typeof embeddedConfigSchema>;
/** The options that both kinds of store have. */
export type CommonConfig = Pick<ServerConfig, keyof typeof common>;
