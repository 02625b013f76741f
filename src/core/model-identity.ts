/** What the vectors are made by: those of another model or length cannot be compared with them. */
import { SchemaError } from "../model/errors.ts";
import type { Settings } from "../ports/settings.ts";

/** A model, as the stored vectors know it. */
export interface ModelIdentity {
  readonly model: string;
  /** Numbers in a vector. */
  readonly dims: number;
}

/** The identity of the configured model: its name as given, else as the embeddings object says. */
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
 * Makes this identity the stored one, or checks that it is.
 *
 * @throws {SchemaError} naming both.
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
