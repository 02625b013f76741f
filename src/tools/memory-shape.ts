/** What one memory is: a text, or an object that a schema describes. */
import { kindOf, ValidationError } from "../model/errors.ts";
import { plainJson } from "../model/plain-json.ts";
import { describeIssues, type StandardSchema } from "../model/standard-schema.ts";

/** A JSON Schema. */
export type JsonSchema = Record<string, unknown>;

/** The stored value of a memory. */
export type MemoryValue = Record<string, unknown>;

/** How memories are described to the model, checked and shown. */
export interface MemoryShape {
  /** Describes the argument `memory` to the model. */
  readonly jsonSchema: JsonSchema;
  /**
   * Returns the value to store for an argument of the model.
   *
   * @throws {ValidationError} when the argument does not match.
   */
  parse(memory: unknown): Promise<MemoryValue>;
  /** Returns what the model sees of a stored value. */
  show(value: MemoryValue): unknown;
}

/** A memory that is one text, stored as `{ text }`. */
export const TEXT_SHAPE: MemoryShape = {
  jsonSchema: { type: "string", minLength: 1, description: "One fact, as a sentence that is understood without the conversation." },
  async parse(memory) {
    if (typeof memory !== "string" || memory.trim() === "") {
      throw new ValidationError(`memory must be a text that is not empty, but got ${memory === "" ? "an empty one" : kindOf(memory)}.`);
    }
    return { text: memory };
  },
  show: (value) => (typeof value["text"] === "string" && Object.keys(value).length === 1 ? value["text"] : value),
};

/** JSON pointer of a memory in the arguments of a tool, to which references inside its schema are moved. */
const MEMORY_POINTER = "#/properties/memory";

/**
 * A memory that a Standard Schema describes.
 *
 * @param jsonSchema - describes it to the model, for a library that cannot do so itself
 * @throws {ValidationError} when it is no Standard Schema, has no JSON Schema, or describes something other than an object.
 */
export function schemaShape(schema: StandardSchema, jsonSchema: JsonSchema | undefined, owner: string): MemoryShape {
  if (typeof (schema as Partial<StandardSchema> | null)?.["~standard"]?.validate !== "function") {
    throw new ValidationError(
      `schema of ${owner} must be a Standard Schema, such as one of zod (4.2 or newer), valibot or arktype, but got ${kindOf(schema)}.`,
    );
  }
  const described = jsonSchema ?? describe(schema, owner);
  if (described["type"] !== "object") {
    throw new ValidationError(`schema of ${owner} must describe an object, as the store keeps objects. Wrap it: { memory: … }.`);
  }
  return {
    jsonSchema: moveReferences(MEMORY_POINTER, described) as JsonSchema,
    async parse(memory) {
      const result = await schema["~standard"].validate(memory);
      if (result.issues !== undefined) throw new ValidationError(`memory does not match its schema: ${describeIssues(result.issues, "memory")}. Nothing was stored.`);
      if (typeof result.value !== "object" || result.value === null || Array.isArray(result.value)) {
        throw new ValidationError(`The schema returned ${kindOf(result.value)} for memory; only objects can be stored.`);
      }
      return result.value as MemoryValue;
    },
    show: (value) => value,
  };
}

/** The text of a memory that is compared with others: its field `text`, else all texts in it. */
export function textOf(value: MemoryValue): string {
  if (typeof value["text"] === "string") return value["text"];
  const texts: string[] = [];
  collect(value, texts);
  return texts.length > 0 ? texts.join(" ") : plainJson(value);
}

/** Adds every text within a value, whose depth the store has bounded. */
function collect(value: unknown, into: string[]): void {
  if (typeof value === "string") into.push(value);
  else if (Array.isArray(value)) for (const each of value) collect(each, into);
  else if (typeof value === "object" && value !== null) for (const each of Object.values(value)) collect(each, into);
}

/** Standard JSON Schema, which newer schema libraries implement beside Standard Schema. */
interface SelfDescribing {
  readonly jsonSchema?: { readonly input: (options: { readonly target: string }) => JsonSchema };
}

function describe(schema: StandardSchema, owner: string): JsonSchema {
  const { jsonSchema } = schema["~standard"] as SelfDescribing;
  if (jsonSchema === undefined) {
    throw new ValidationError(
      `schema of ${owner} cannot be described to the model: ${schema["~standard"].vendor} gives no JSON Schema. Update the library, or pass jsonSchema.`,
    );
  }
  try {
    return jsonSchema.input({ target: "draft-2020-12" });
  } catch (cause) {
    throw new ValidationError(`schema of ${owner} cannot be described to the model as JSON Schema. Pass jsonSchema.`, { cause });
  }
}

function moveReferences(pointer: string, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((each) => moveReferences(pointer, each));
  if (typeof schema !== "object" || schema === null) return schema;
  const moved = Object.entries(schema).flatMap(([name, value]) => {
    if (name === "$schema") return [];
    const isReference = name === "$ref" && typeof value === "string" && value.startsWith("#");
    return [[name, isReference ? pointer + value.slice(1) : moveReferences(pointer, value)]];
  });
  return Object.fromEntries(moved) as unknown;
}
