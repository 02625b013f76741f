/** Options of semantic search. */
import { z } from "zod";
import type { EmbeddingsLike } from "../../ports/embedder.ts";
import { indexPayload } from "./codec.ts";
import { count, mustBe, pattern, textPath } from "./field-types.ts";
import { example, fixed } from "./meta.ts";

const embeddings = z.custom<EmbeddingsLike>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<EmbeddingsLike>).embedDocuments === "function" &&
    typeof (value as Partial<EmbeddingsLike>).embedQuery === "function",
  mustBe("be a LangChain Embeddings, such as new OpenAIEmbeddings()"),
);

const ofTheModel = fixed("says what made the vectors that are stored: those of two models cannot be compared");

/** What is embedded, and by what. */
export const index = z
  .strictObject({
    dims: count.describe("Numbers in a vector of the model.").meta({ ...example(1536), ...ofTheModel }),
    embeddings: embeddings.describe("A LangChain Embeddings."),
    model: z
      .string()
      .min(1)
      .optional()
      .describe("Name of the model; by default what the embeddings object says.")
      .meta({ ...example("text-embedding-3-small"), ...ofTheModel }),
    fields: z
      .array(textPath)
      .default(["$"])
      .describe('Paths of the texts to embed; "$" is the whole value, [] nothing. A change counts for new writes.')
      .meta(example(["text"])),
    rules: z
      .array(z.strictObject({ namespace: pattern, fields: z.union([z.literal(false), z.array(textPath)]).describe("Paths of the texts to embed; false embeds nothing.") }))
      .default([])
      .describe("Fields by namespace; the first rule that fits wins over `fields`. A change counts for new writes.")
      .meta(example([{ namespace: ["logs"], fields: false }])),
    payload: indexPayload,
  })
  .describe("Semantic search. Left out, searches list and filter.");
