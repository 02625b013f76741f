/** Namespaces of memories: fixed labels, and labels that the caller of the graph gives. Never anything from the model. */
import { kindOf, ValidationError } from "../model/errors.ts";
import { toPath } from "../model/namespace.ts";

/** Returns the namespace for the `configurable` part of a run's configuration. */
export type NamespaceOfRun = (configurable: unknown) => string[];

const PLACEHOLDER = /^\{([A-Za-z_][\w-]*)\}$/;

/**
 * Parses a template such as `["users", "{user_id}", "memories"]`. A label is either fixed or one placeholder: a label of two
 * placeholders would give two users the same namespace.
 *
 * @param owner - the function that takes the template, for messages: "createMemoryTools()"
 * @throws {ValidationError} when a label mixes text and braces.
 * @throws {InvalidNamespaceError} when a fixed label is not a label.
 */
export function namespaceTemplate(namespace: unknown, owner: string): NamespaceOfRun {
  // A placeholder is a valid label itself, so the template is checked as a namespace.
  toPath(namespace);
  const labels = (namespace as string[]).map((label) => parseLabel(label, owner));
  return (configurable) => {
    const resolved = labels.map((label) => (typeof label === "string" ? label : labelOf(configurable, label.name)));
    toPath(resolved);
    return resolved;
  };
}

function parseLabel(label: string, owner: string): string | { readonly name: string } {
  const name = PLACEHOLDER.exec(label)?.[1];
  if (name !== undefined) return { name };
  if (!/[{}]/.test(label)) return label;
  throw new ValidationError(
    `namespace of ${owner}: the label ${JSON.stringify(label)} mixes braces and text. A placeholder is an entire label, such as "{user_id}".`,
  );
}

function labelOf(configurable: unknown, name: string): string {
  const value =
    typeof configurable === "object" && configurable !== null && Object.hasOwn(configurable, name)
      ? (configurable as Record<string, unknown>)[name]
      : undefined;
  const path = `config.configurable.${name}`;
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  if (typeof value !== "string" || value === "") {
    const kind = value === undefined ? "is missing" : `must be a string that is not empty, but is ${value === "" ? "empty" : kindOf(value)}`;
    throw new ValidationError(
      `${path} ${kind}. The namespace of the memories needs it: pass { configurable: { ${name}: … } } when you invoke the graph.`,
    );
  }
  if (value.includes(".")) {
    throw new ValidationError(`${path} contains a period, which no namespace label can. Pass an id without periods, not an e-mail address.`);
  }
  return value;
}
