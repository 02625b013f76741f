/** The embedding model of the stored vectors; vectors of another model or with other dimensions are not comparable. */
import { SchemaError } from "../model/errors.ts";
import type { Settings } from "../ports/settings.ts";

/** Name and dimensions of a model. */
export interface ModelIdentity {
  readonly model: string;
  /** Components of a vector. */
  readonly dims: number;
}

/** Returns the identity of the configured model; the name is `model`, by default that of the embeddings object. */
export function identityOf(index: {
  readonly embeddings: object;
  readonly dims: number;
  readonly model?: string | undefined;
}): ModelIdentity {
  return { model: index.model ?? modelName(index.embeddings), dims: index.dims };
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
export async function checkIdentity(settings: Settings, identity: ModelIdentity | null): Promise<void> {
  if (identity === null) return;
  const own = JSON.stringify({ model: identity.model, dims: identity.dims });
  const stored = (await settings.read("index")) ?? (await settings.establish("index", own));
  if (stored === own) return;
  throw new SchemaError(
    `The stored vectors were made by ${stored}, but the configuration says ${own}: vectors of two models cannot be ` +
      "compared. Configure the stored one, or store under another keyspace (or file). If only the model's name " +
      "changed, set index.model to the stored name.",
    { details: { stored, configured: own } },
  );
}
