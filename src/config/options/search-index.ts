/** Options of semantic search. */
import { z } from "zod";
import type { EmbeddingsLike } from "../../ports/embedder.ts";
import { DISTANCE_METRICS } from "../../model/distance-metric.ts";
import { KEYWORD_LANGUAGES } from "../../model/keyword-language.ts";
import { DEFAULT_FUSION, FUSION_METHODS, SEARCH_MODES } from "../../model/search-mode.ts";
import { DEFAULT_POOL, DEFAULT_RERANK_TIMEOUT_MS, isFieldPath, isReranker, RANKING_BOUNDS, type Reranker } from "../../model/ranking-options.ts";
import { count, must, pattern, textPath } from "./field-types.ts";
import { example, fixed } from "./meta.ts";

const embeddings = z.custom<EmbeddingsLike>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<EmbeddingsLike>).embedDocuments === "function" &&
    typeof (value as Partial<EmbeddingsLike>).embedQuery === "function",
  must("be a LangChain Embeddings, such as new OpenAIEmbeddings()"),
);

const ofTheModel = fixed("identifies the model of the stored vectors: vectors of two models cannot be compared");

const ofTheMetric = fixed("is the metric of the stored vectors: scores of two metrics cannot be compared");

const searchMode = z.enum(SEARCH_MODES);

/** Which scalars of a value the index keeps to apply filters. */
const payload = z
  .union([z.enum(["all", "none"]), z.array(z.string().min(1))])
  .optional()
  .describe(
    'Which scalars of a value Qdrant stores, in clear text, to apply filters: "all" (the default without a codec), "none" (the default ' +
      "with a codec), or those at or below these paths. Results are the same with every setting: filters on other paths are applied " +
      "to the records that a search reads.",
  );

/** What is kept of texts for keyword search. */
const keyword = z
  .union([
    z.literal(false),
    z.strictObject({
      language: z
        .enum(KEYWORD_LANGUAGES)
        .default("english")
        .describe(
          'Language of the stems and stop words; "none" compares words as they are. Keyword search also finds texts in other ' +
            "languages, without their stems. reindex changes the language (`index.next.keyword`).",
        ),
    }),
  ])
  .optional()
  .describe(
    "Terms of the texts for keyword and hybrid search, stored in clear text beside the vectors. false stores no terms, and is the default with a " +
      "codec. The default without a codec is { language: \"english\" }.",
  )
  .meta(example({ language: "german" }));

/** How hybrid search makes one ranking of two. */
const fusion = z
  .strictObject({
    method: z
      .enum(FUSION_METHODS)
      .default(DEFAULT_FUSION.method)
      .describe(
        'How scores of the two rankings are made comparable: by mean and standard deviation ("distribution"), by lowest and highest score ' +
          '("range"), or by position alone ("rank").',
      ),
    semanticWeight: z
      .number()
      .min(0)
      .max(1)
      .default(DEFAULT_FUSION.semanticWeight)
      .describe("Weight of the similarity in the fused score, from 0 to 1; keywords have the rest. Raise it when the embedding model is better than the local embedder."),
    depth: count
      .max(1_000)
      .default(DEFAULT_FUSION.depth)
      .describe("Number of candidates from each ranking; at least the search's limit. Pages of a hybrid search end with these candidates."),
  })
  .prefault({})
  .describe("How hybrid search fuses similarity and keywords.");

const fieldPath = z.string().refine(isFieldPath, must('be the dotted path of a field, such as "importance"'));

/** What ranks on top of the modes. */
const ranking = z
  .strictObject({
    decay: z
      .strictObject({
        halfLifeDays: z.number().positive().max(RANKING_BOUNDS.maxHalfLifeDays).describe("Age at which a score is halved, in days."),
        field: fieldPath
          .default("updatedAt")
          .describe('Start of the age: "updatedAt", "createdAt" or the dotted path of a date in the value. For items without that date, it is the creation.'),
      })
      .optional()
      .describe("Lowers the scores of old items. Off by default.")
      .meta(example({ halfLifeDays: 30 })),
    boost: z
      .strictObject({
        field: fieldPath.describe("Dotted path of a number in the value.").meta(example("importance")),
        weight: z.number().min(0).max(RANKING_BOUNDS.maxWeight).describe("A score is multiplied by 1 + weight × number, and by 10 at most."),
      })
      .optional()
      .describe("Raises the scores of items with a number in the value, such as an importance. Off by default.")
      .meta(example({ field: "importance", weight: 0.5 })),
    diversity: z
      .strictObject({ lambda: z.number().min(0).max(1).describe("Weight of the relevance, from 0 to 1; the rest is the weight of the difference from previous results.") })
      .optional()
      .describe("Prefers results that differ from previous results (maximal marginal relevance). Off by default.")
      .meta(example({ lambda: 0.7 })),
    rerank: z
      .custom<Reranker>(isReranker, must("be a LangChain document compressor or a function (query, items) => scores"))
      .optional()
      .describe("Ranks the best results again: a LangChain document compressor, or a function that returns a score for each item. Off by default."),
    rerankTimeoutMs: count
      .max(RANKING_BOUNDS.maxRerankTimeoutMs)
      .default(DEFAULT_RERANK_TIMEOUT_MS)
      .describe("Deadline of `rerank`, in milliseconds. If it is exceeded, results keep their previous order, and `info.skipped` reports that."),
    pool: count
      .max(RANKING_BOUNDS.maxPool)
      .default(DEFAULT_POOL)
      .describe("Number of best results that are ranked again; at least the search's limit. Pages of such a search end with these results."),
  })
  .optional()
  .describe("Ranks the results of every mode again. Views and calls override each option; false turns one off. See docs/retrieval.md.")
  .meta(example({ decay: { halfLifeDays: 30 } }));

/** What is embedded of the namespaces of a rule. */
const ruleFields = z.union([z.literal(false), z.array(textPath)]).describe("Paths of the texts to embed; false embeds nothing.");

/** The generation of the index that `reindex` builds. */
const next = z
  .strictObject({
    dims: count.describe("Dimensions of the vectors of the next model.").meta(example(1024)),
    embeddings: embeddings.describe("A LangChain Embeddings of the next model."),
    model: z.string().min(1).optional().describe("Name of the next model; by default the name that the embeddings object reports.").meta(example("text-embedding-3-large")),
    fields: z.array(textPath).optional().describe("Paths of the texts to embed. Default: those of `index.fields`.").meta(example(["text"])),
    rules: z
      .array(z.strictObject({ namespace: pattern, fields: ruleFields }))
      .optional()
      .describe("Fields by namespace; the first matching rule overrides `fields`. Default: those of `index.rules`.")
      .meta(example([{ namespace: ["logs"], fields: false }])),
    metric: z.enum(DISTANCE_METRICS).optional().describe("Distance metric. Default: that of `index.metric`.").meta(example("cosine")),
    keyword,
  })
  .optional()
  .describe(
    "The index that `reindex` builds beside the active one. Set it in every process before the reindex: the processes then write both indexes, and " +
      "search the next one after the switch. Afterwards, configure it as the `index`. See docs/operations.md.",
  );

/** Which texts are embedded, and by which model. */
export const index = z
  .strictObject({
    dims: count.describe("Dimensions of the model's vectors.").meta({ ...example(1536), ...ofTheModel }),
    embeddings: embeddings.describe("A LangChain Embeddings."),
    model: z
      .string()
      .min(1)
      .optional()
      .describe("Name of the model; by default the name that the embeddings object reports.")
      .meta({ ...example("text-embedding-3-small"), ...ofTheModel }),
    fields: z
      .array(textPath)
      .default(["$"])
      .describe('Paths of the texts to embed; "$" embeds the entire value, [] embeds nothing. A change applies to new writes; reindex applies it to all items (`index.next.fields`).')
      .meta(example(["text"])),
    rules: z
      .array(
        z.strictObject({
          namespace: pattern,
          fields: ruleFields.optional(),
          mode: searchMode.optional().describe("How searches with a query below these namespaces rank."),
        }),
      )
      .default([])
      .describe(
        "Fields and modes by namespace. The first matching rule with `fields` overrides `fields`, and the first one with `mode` overrides `mode`. A change of fields applies to new writes; reindex applies it to all items (`index.next.rules`).",
      )
      .meta(example([{ namespace: ["logs"], fields: false }])),
    metric: z
      .enum(DISTANCE_METRICS)
      .default("cosine")
      .describe(
        'Measure of similarity, which defines `score` and `minScore` of semantic searches: "cosine" (-1 to 1), "dot" (the dot ' +
          'product, without bounds), or "euclid" (1 / (1 + distance), 0 to 1). Higher is always better. Use the metric that the model was trained for.',
      )
      .meta({ ...example("dot"), ...ofTheMetric }),
    payload,
    keyword,
    mode: searchMode
      .default("semantic")
      .describe('How searches with a query rank: by similarity ("semantic"), by the words that query and item share ("keyword"), or by both ("hybrid"). See docs/retrieval.md.')
      .meta(example("hybrid")),
    fusion,
    ranking,
    next,
  })
  .describe("The index for searches with a query. Without it, searches only list and filter items.");
