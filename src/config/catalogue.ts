/** The catalogue of options, derived from a schema, for messages, the environment, the documentation and reload. */
import { z } from "zod";
import type { OptionMeta } from "./options/meta.ts";
import { asSchema, alternativesOf, isForCode, itemsOf, typeText, type OptionSchema } from "./type-text.ts";

/** One option: a place in the configuration that takes a value. */
export interface Option {
  /** Names from the top: `["cql", "port"]`. */
  readonly path: readonly string[];
  /** Allowed values, for messages and documentation. */
  readonly type: string;
  readonly schema: OptionSchema;
  readonly description: string;
  /** A valid value; undefined where it can only be given in code. */
  readonly example: unknown;
  readonly isRequired: boolean;
  /** Whether it can only be given in code. */
  readonly isForCode: boolean;
  readonly isSecret: boolean;
  /** Why the option cannot change while the store runs; null when it can. */
  readonly fixed: string | null;
}

/** A group of options: an object in the configuration. */
export interface OptionGroup {
  readonly path: readonly string[];
  readonly description: string;
  readonly isRequired: boolean;
  readonly fixed: string | null;
}

/** All options of a schema. */
export interface Catalogue {
  readonly root: OptionSchema;
  readonly options: readonly Option[];
  readonly groups: readonly OptionGroup[];
}

const known = new WeakMap<z.ZodType, Catalogue>();

/** The catalogue of a schema. */
export function catalogueOf(schema: z.ZodType): Catalogue {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const root = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const options: Option[] = [];
  const groups: OptionGroup[] = [];
  collect(root, { path: [], isSecret: false, fixed: null }, options, groups);
  const catalogue = { root, options, groups };
  known.set(schema, catalogue);
  return catalogue;
}

/** Properties that options inherit from their groups. */
interface Inherited {
  readonly path: readonly string[];
  readonly isSecret: boolean;
  readonly fixed: string | null;
}

function collect(group: OptionSchema, inherited: Inherited, options: Option[], groups: OptionGroup[]): void {
  for (const [name, each] of Object.entries(group.properties ?? {})) {
    const schema = asSchema(each);
    const meta = metaOf(schema);
    const own = {
      path: [...inherited.path, name],
      isSecret: inherited.isSecret || meta.isSecret === true,
      fixed: meta.fixed ?? inherited.fixed,
    };
    const described = { description: schema.description ?? "", isRequired: group.required?.includes(name) ?? false };
    if (schema.type === "object" && schema.properties !== undefined) {
      groups.push({ path: own.path, fixed: own.fixed, ...described });
      collect(schema, own, options, groups);
    } else {
      options.push({ ...own, ...described, type: typeText(schema), schema, example: exampleOf(schema), isForCode: isForCode(schema) });
    }
  }
}

/** The metadata that `.meta()` attached to a schema. */
export function metaOf(schema: OptionSchema): OptionMeta {
  return schema as OptionMeta;
}

/** A valid value: the example of the schema, else its default, else one derived from its type; undefined if there is none. */
export function exampleOf(schema: OptionSchema): unknown {
  const { example } = metaOf(schema);
  if (example !== undefined) return example;
  if (isForCode(schema)) return undefined;
  if (schema.default !== undefined && !isEmpty(schema.default)) return schema.default;
  const [first = schema] = alternativesOf(schema);
  if (first !== schema) return exampleOf(first);
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.type === "boolean") return true;
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? Number(schema.exclusiveMinimum ?? 0) + 1;
  return undefined;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** The schemas on a path from the root, as far as the path is known. */
export function schemasTo({ root }: Catalogue, path: readonly PropertyKey[]): OptionSchema[] {
  const schemas = [root];
  for (const step of path) {
    const next = alternativesOf(schemas.at(-1) ?? root).map((each) => below(each, step)).find((each) => each !== null);
    if (next === undefined || next === null) break;
    schemas.push(next);
  }
  return schemas;
}

function below(schema: OptionSchema, step: PropertyKey): OptionSchema | null {
  if (typeof step === "number") return schema.items === undefined ? null : itemsOf(schema);
  const { properties = {}, additionalProperties } = schema;
  const name = String(step);
  if (Object.hasOwn(properties, name)) return asSchema(properties[name]);
  return typeof additionalProperties === "object" ? additionalProperties : null;
}
