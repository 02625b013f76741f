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

const ofTheModel = fixed("identifies the model of the stored vectors: vectors of two models cannot be compared");

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
      .describe('Paths of the texts to embed; "$" is the entire value, [] nothing. A change applies to new writes.')
      .meta(example(["text"])),
    rules: z
      .array(z.strictObject({ namespace: pattern, fields: z.union([z.literal(false), z.array(textPath)]).describe("Paths of the texts to embed; false embeds nothing.") }))
      .default([])
      .describe("Fields by namespace; the first matching rule overrides `fields`. A change applies to new writes.")
      .meta(example([{ namespace: ["logs"], fields: false }])),
    payload: indexPayload,
  })
  .describe("Semantic search. Without it, searches list and filter.");
