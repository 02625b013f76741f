/**
 * Generates the interfaces of the configuration, `src/config/option-types/*.ts`, from its schema. Editors show these types, and
 * the package publishes them. `npm run docs:config` runs this script; a test verifies that the files are up to date.
 */
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { catalogueOf } from "../src/config/catalogue.ts";
import { embeddedConfigSchema, serverConfigSchema } from "../src/config/schema.ts";
import { alternativesOf, asSchema, itemsOf, type OptionSchema } from "../src/config/type-text.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = fileURLToPath(new URL("../src/config/option-types/", import.meta.url));
const SCHEMA = fileURLToPath(new URL("../src/config/schema.ts", import.meta.url));

/** Modules of the types of options that exist only in code. */
const MODULES: Readonly<Record<string, string>> = {
  AlertNotice: "../../ports/alerts.ts",
  AuditEntry: "../../ports/audit.ts",
  Client: "cassandra-driver",
  Codec: "../../ports/codec.ts",
  EmbeddingsLike: "../../ports/embedder.ts",
  Reranker: "../../model/ranking-options.ts",
  Logger: "../../ports/logger.ts",
  MeterProvider: "@opentelemetry/api",
  Secret: "../../model/secret.ts",
  SecretReference: "../secrets/reference.ts",
  TracerProvider: "@opentelemetry/api",
};

/** The type of a credential has a name only in the schema, whose module requires zod. */
const CREDENTIAL = { name: /\bCredentialInput\b/g, text: "string | Secret | SecretReference" } as const;

const STORES = [
  {
    schema: serverConfigSchema,
    name: "ScyllaDBStoreConfig",
    file: "server-store",
    input: "ServerInput",
    says: "Configuration of a store on ScyllaDB or Cassandra and Qdrant.",
  },
  {
    schema: embeddedConfigSchema,
    name: "EmbeddedStoreConfig",
    file: "embedded-store",
    input: "EmbeddedInput",
    says: "Configuration of a store on one local file.",
  },
] as const;

const HEAD = "// Written by npm run docs:config from the schema of the configuration. Do not edit.\n";

/** Returns the files and their expected content. */
export function configTypes(): { readonly path: string; readonly text: string }[] {
  const files = new Map<string, string>();
  const { checker, inputs } = inputTypes();
  for (const { schema, name, file, input, says } of STORES) {
    const root = catalogueOf(schema).root;
    const type = inputs.get(input);
    if (type === undefined) throw new Error(`src/config/schema.ts must export the type ${input}`);
    const writer = new Writer(checker);
    const own = writer.interfaceText(name, says, root, type);
    for (const group of writer.groups) {
      const text = fileText(group.text, group.imports);
      const path = `${FOLDER}${group.file}.ts`;
      const before = files.get(path);
      if (before !== undefined && before !== text) throw new Error(`two stores have different options of ${group.file}`);
      files.set(path, text);
    }
    const imports = writer.groups.filter(({ isTop }) => isTop).map((group) => `import type { ${group.name} } from "./${group.file}.ts";`);
    files.set(`${FOLDER}${file}.ts`, fileText(own, imports));
  }
  files.set(`${FOLDER}index.ts`, `${HEAD}${[...files].map(([path, text]) => exportOf(path, text)).sort().join("\n")}\n`);
  return [...files].map(([path, text]) => ({ path, text }));
}

function exportOf(path: string, text: string): string {
  const names = [...text.matchAll(/^export interface (\w+)/gm)].map(([, name]) => name).sort();
  return `export type { ${names.join(", ")} } from "./${path.slice(FOLDER.length)}";`;
}

function fileText(text: string, others: readonly string[]): string {
  const imports = [...importsOf(text), ...[...others].sort()];
  return `${HEAD}${imports.length === 0 ? "" : `${imports.join("\n")}\n\n`}${text}`;
}

function importsOf(text: string): string[] {
  const code = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "").replaceAll(/"[^"]*"/g, '""');
  return Object.entries(MODULES)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(code))
    .sort(([, a], [, b]) => a.localeCompare(b))
    .map(([name, module]) => `import type { ${name} } from "${module}";`);
}

function inputTypes(): { checker: ts.TypeChecker; inputs: ReadonlyMap<string, ts.Type> } {
  const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram([SCHEMA], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(SCHEMA);
  const symbol = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (symbol === undefined) throw new Error("src/config/schema.ts cannot be read");
  const inputs = new Map(checker.getExportsOfModule(symbol).map((each) => [each.name, checker.getDeclaredTypeOfSymbol(each)]));
  return { checker, inputs };
}

interface Group {
  readonly name: string;
  readonly file: string;
  /** Whether the group is not part of another group. */
  readonly isTop: boolean;
  /** Import lines of the groups in other files. */
  readonly imports: readonly string[];
  readonly text: string;
}

/** Writes one interface per group of options. Nested groups are written to the file of their group. */
class Writer {
  readonly groups: Group[] = [];
  readonly #checker: ts.TypeChecker;
  #nested: string[] = [];
  #imports: string[] = [];

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  interfaceText(name: string, says: string, schema: OptionSchema, type: ts.Type, path: readonly string[] = []): string {
    const fields = Object.entries(schema.properties ?? {}).map(([field, each]) => {
      const below = asSchema(each);
      const property = this.#checker.getPropertyOfType(type, field);
      if (property === undefined) throw new Error(`no type for the option ${[...path, field].join(".")}`);
      const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const given = this.#checker.getNonNullableType(this.#checker.getTypeOfSymbol(property));
      const nullable = this.#isNullable(this.#checker.getTypeOfSymbol(property)) ? " | null" : "";
      const plain = this.#typeText([...path, field], below, given);
      // Text after the arrow of a function type belongs to its result.
      const text = plain.includes("=>") ? `(${plain})` : plain;
      return `${docText(below, [...path, field], !isOptional)}\n  ${field}${isOptional ? "?" : ""}: ${text}${nullable}${isOptional ? " | undefined" : ""};`;
    });
    return `/** ${says} */\nexport interface ${name} {\n${fields.join("\n")}\n}\n`;
  }

  #isNullable(type: ts.Type): boolean {
    return type.isUnion() && type.types.some(({ flags }) => (flags & ts.TypeFlags.Null) !== 0);
  }

  #typeText(path: readonly string[], schema: OptionSchema, type: ts.Type): string {
    if (schema.type === "object" && schema.properties !== undefined) return this.#group(path, schema, type);
    const [item] = schema.type === "array" ? [itemsOf(schema)] : [];
    if (item?.type === "object" && item.properties !== undefined) {
      const element = this.#checker.getTypeArguments(type as ts.TypeReference)[0];
      if (element === undefined) throw new Error(`no element type for ${path.join(".")}`);
      return `${this.#group([...path.slice(0, -1), singular(path.at(-1) ?? "")], item, element, `One of \`${path.join(".")}\`.`)}[]`;
    }
    return this.#checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation).replaceAll(CREDENTIAL.name, CREDENTIAL.text);
  }

  /** Writes the interface of a group. A top-level group, or one with nested groups, has its own file. */
  #group(path: readonly string[], schema: OptionSchema, type: ts.Type, says = describe(schema, path)): string {
    const name = `${path.map(pascal).join("")}Options`;
    const isTop = path.length === 1;
    const outer = { nested: this.#nested, imports: this.#imports };
    const hasFile = isTop || Object.values(schema.properties ?? {}).some((each) => asSchema(each).properties !== undefined);
    if (hasFile) this.#clear();
    const text = this.interfaceText(name, says, schema, type, path);
    if (!hasFile) {
      this.#nested.push(text);
      return name;
    }
    const file = path.map(kebab).join("-").replace(/^index$/, "search-index");
    this.groups.push({ name, file, isTop, imports: this.#imports, text: [text, ...this.#nested].join("\n") });
    this.#nested = outer.nested;
    this.#imports = [...outer.imports, `import type { ${name} } from "./${file}.ts";`];
    return name;
  }

  #clear(): void {
    this.#nested = [];
    this.#imports = [];
  }
}

function describe(schema: OptionSchema, path: readonly string[]): string {
  if (schema.description === undefined) throw new Error(`the option ${path.join(".")} has no description`);
  return schema.description.replaceAll("*/", "* /");
}

function docText(schema: OptionSchema, path: readonly string[], isRequired: boolean): string {
  const lines = [describe(schema, path)];
  const { example } = schema as { readonly example?: unknown };
  const isScalar = !(schema.type === "object" && schema.properties !== undefined);
  if (isScalar && schema.default !== undefined && alternativesOf(schema).every((each) => Object.keys(each).length > 0)) {
    lines.push("", `@default ${JSON.stringify(schema.default)}`);
  }
  if (isScalar && example !== undefined) lines.push(...(isRequired || lines.length === 1 ? [""] : []), `@example ${JSON.stringify(example)}`);
  if (lines.length === 1) return `  /** ${lines[0] ?? ""} */`;
  return ["  /**", ...lines.map((line) => `   * ${line}`.trimEnd()), "   */"].join("\n");
}

function singular(name: string): string {
  return name.replace(/s$/, "");
}

function pascal(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function kebab(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, "$1-$2").toLowerCase();
}
