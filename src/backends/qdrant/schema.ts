/** Bodies of requests, typed by Qdrant's own client: a change of Qdrant's API fails the compiler. Nothing of the client is loaded. */
import type { Schemas } from "@qdrant/js-client-rest";

/** A type of Qdrant's API by its name there. */
export type Schema<Name extends keyof Schemas> = Precise<Schemas[Name]>;

/** The body of each kind of request that the store sends. */
export interface RequestBodies {
  readonly upsertPoints: Schema<"PointsList">;
  readonly deletePoints: Schema<"FilterSelector">;
  readonly updatePoints: Schema<"UpdateOperations">;
  readonly getPoints: Schema<"PointRequest">;
  readonly queryPoints: Schema<"QueryRequest">;
  readonly queryPointsBatch: Schema<"QueryRequestBatch">;
  readonly scrollPoints: Schema<"ScrollRequest">;
  readonly countPoints: Schema<"CountRequest">;
  readonly createCollection: Schema<"CreateCollection">;
  readonly createPayloadIndex: Schema<"CreateFieldIndex">;
  readonly changeAliases: Schema<"ChangeAliasesOperation">;
}

/** Read-only, and without `Record<string, unknown>`, which the generated types allow in place of nearly every object. */
type Precise<T> = T extends readonly (infer Item)[]
  ? readonly Precise<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]: Precise<WithoutOpen<T[Name]>> }
    : T;

/** A union without its open objects, unless nothing else but null is left. */
type WithoutOpen<T> = [NonNullable<Known<T>>] extends [never] ? T : Known<T>;

type Known<T> = T extends Readonly<Record<string, infer Value>> ? (string extends keyof T ? (unknown extends Value ? never : T) : T) : T;
