/** Describes in words which values an option accepts. */
import type { z } from "zod";

/** A JSON Schema with the metadata of `.meta()`. */
export type OptionSchema = z.core.JSONSchema.BaseSchema;

/** Whether a value can only be given in code: a function or an object with methods. */
export function isForCode(schema: OptionSchema): boolean {
  const { type, anyOf, oneOf, allOf, const: constant, enum: choices } = schema;
  return [type, anyOf, oneOf, allOf, constant, choices].every((each) => each === undefined);
}

/** The alternatives of a schema; the schema itself when there is one. */
export function alternativesOf(schema: OptionSchema): OptionSchema[] {
  const found = (schema.anyOf ?? schema.oneOf)?.map(asSchema);
  return found ?? [schema];
}

/** JSON Schema allows `true` and `false` instead of a schema. */
export function asSchema(schema: boolean | OptionSchema | undefined): OptionSchema {
  return typeof schema === "object" ? schema : {};
}

/** Describes the requirement, for a message: `must be a whole number of at least 1`. */
export function mustBe(schema: OptionSchema): string {
  // The types of all nested options would be too long to read.
  if (schema.type === "object" && schema.properties !== undefined) {
    return `must be an object with the options ${Object.keys(schema.properties).join(", ")}`;
  }
  const type = typeText(schema);
  return `must be ${/^(?:whole|number|list|text|URL)/.test(type) ? "a " : /^object/.test(type) ? "an " : ""}${type}`;
}

/** Describes the values of a schema: `whole number of at least 1`, `list of texts`. */
export function typeText(schema: OptionSchema): string {
  if (isForCode(schema)) return "object or function, in code";
  const alternatives = alternativesOf(schema);
  if (alternatives.length > 1 || alternatives[0] !== schema) return [...new Set(alternatives.map(typeText))].join(" or ");
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(" or ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeText({ ...schema, type })).join(" or ");
  switch (schema.type) {
    case "string":
      return schema.format === "uri" ? "URL" : "text";
    case "integer":
      return `whole number${rangeText(schema)}`;
    case "number":
      return `number${rangeText(schema)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `list of ${pluralText(itemsOf(schema))}`;
    case "object":
      return objectText(schema);
    default:
      return String(schema.type);
  }
}

/** The schema of the elements of a list. */
export function itemsOf({ items }: OptionSchema): OptionSchema {
  return asSchema(Array.isArray(items) ? items[0] : items);
}

function pluralText(items: OptionSchema): string {
  return items.type === "string" && items.enum === undefined ? `${typeText(items)}s` : typeText(items);
}

function objectText({ properties = {}, additionalProperties }: OptionSchema): string {
  const fields = Object.entries(properties).map(([name, field]) => `${name}: ${typeText(asSchema(field))}`);
  if (fields.length > 0) return `{ ${fields.join(", ")} }`;
  const values = asSchema(additionalProperties);
  return isForCode(values) ? "object" : `object of ${typeText(values)} by name`;
}

function rangeText({ minimum, maximum, exclusiveMinimum }: OptionSchema): string {
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? null : maximum;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${most === null ? "" : ` and at most ${most}`}`;
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? null : minimum;
  if (least !== null && most !== null) return ` from ${least} to ${most}`;
  if (least !== null) return ` of at least ${least}`;
  return most === null ? "" : ` of at most ${most}`;
}
