/** The embedding model of the stored vectors; vectors of another model or with other dimensions are not comparable. */
import type { DistanceMetric } from "../model/distance-metric.ts";
import { SchemaError } from "../model/errors.ts";
import type { Settings } from "../ports/settings.ts";

/** Name and dimensions of a model, and the metric of its index. */
export interface ModelIdentity {
  readonly model: string;
  /** Components of a vector. */
  readonly dims: number;
  readonly metric: DistanceMetric;
}

/** Returns the identity of the configured model; the name is `model`, by default that of the embeddings object. */
export function identityOf(index: {
  readonly embeddings: object;
  readonly dims: number;
  readonly model?: string | undefined;
  readonly metric?: DistanceMetric | undefined;
}): ModelIdentity {
  return { model: index.model ?? modelName(index.embeddings), dims: index.dims, metric: index.metric ?? "cosine" };
}

function modelName(embeddings: object): string {
  for (const field of ["model", "modelName", "modelId"] as const) {
    const name: unknown = field in embeddings ? (embeddings as Record<string, unknown>)[field] : undefined;
    if (typeof name === "string" && name !== "") return name;
  }
  return embeddings.constructor.name;
}

/**
 * Stores the identity at the first start, and later compares it with the stored one.
 *
 * @throws {SchemaError} that names both when they differ.
 */
export async function checkIdentity(settings: Settings, identity: ModelIdentity): Promise<void> {
  const configured = identityText(identity);
  const stored = (await settings.read("index")) ?? (await settings.establish("index", configured));
  if (stored === configured) return;
  throw new SchemaError(
    `The stored vectors were made by ${stored}, but the configuration says ${configured}: vectors of two models, and scores of two ` +
      `metrics, cannot be compared. Configure the stored one as index. ` +
      "To change to another one without downtime, configure that as index.next, and run: scylladb-store reindex. " +
      "If only the model's name changed, set index.model to the stored name.",
    { details: { stored, configured } },
  );
}

/** Returns the text of an identity in the settings. Cosine, which it was before there were metrics, is not written. */
export function identityText({ model, dims, metric }: ModelIdentity): string {
  return JSON.stringify(metric === "cosine" ? { model, dims } : { model, dims, metric });
}
