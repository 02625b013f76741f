/**
 * Verifies with the language service that hovering over any option of the built types shows its documentation, and that no
 * published declaration imports zod.
 */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { catalogueOf, type Catalogue } from "../src/config/catalogue.ts";
import { embeddedConfigSchema, serverConfigSchema } from "../src/config/schema.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A user's file that names every option of both kinds of store. */
const FILE = `${ROOT}user-project.ts`;

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2024,
  strict: true,
  skipLibCheck: true,
};

const STORES = [
  ["ScyllaDBStoreConfig", catalogueOf(serverConfigSchema)],
  ["EmbeddedStoreConfig", catalogueOf(embeddedConfigSchema)],
] as const;

function pathsOf({ options, groups }: Catalogue): string[] {
  return [...groups, ...options].map(({ path }) => path.join(".")).sort();
}

/** Returns a program that reads every option, with assertions for optional groups on its path. */
function userProgram(): { readonly text: string; readonly places: ReadonlyMap<string, number> } {
  const names = STORES.map(([name]) => name);
  let text = `import type { ${names.join(", ")} } from "langgraph-store-scylladb";\n`;
  const places = new Map<string, number>();
  for (const [name, catalogue] of STORES) {
    text += `declare const of${name}: ${name};\n`;
    for (const path of pathsOf(catalogue)) {
      const steps = path.split(".");
      const last = steps.pop() ?? "";
      const line = `void of${name}${steps.map((step) => `.${step}!`).join("")}.`;
      places.set(`${name}: ${path}`, text.length + line.length);
      text += `${line}${last};\n`;
    }
  }
  return { text, places };
}

function withoutDocumentation(): string[] {
  const { text, places } = userProgram();
  const host: ts.LanguageServiceHost = {
    getCompilationSettings: () => OPTIONS,
    getScriptFileNames: () => [FILE],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => {
      const content = name === FILE ? text : ts.sys.readFile(name);
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
    fileExists: (name) => name === FILE || ts.sys.fileExists(name),
    readFile: (name) => ts.sys.readFile(name),
    directoryExists: (name) => ts.sys.directoryExists(name),
    getDirectories: (name) => ts.sys.getDirectories(name),
  };
  const service = ts.createLanguageService(host);
  const errors = service.getSemanticDiagnostics(FILE).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
  if (errors.length > 0) throw new Error(`The types differ from the schema: ${errors.join("; ")}`);
  return [...places].filter(([, at]) => (service.getQuickInfoAtPosition(FILE, at)?.documentation ?? []).length === 0).map(([name]) => name);
}

/** Returns the published declarations that import zod, reachable from an entry point. */
function needZod(entry: string): string[] {
  const seen = new Set<string>();
  const found: string[] = [];
  for (const todo = [resolve(ROOT, entry)]; todo.length > 0; ) {
    const file = todo.pop() as string;
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import\() ?["']([^"']+)["']/g)) {
      if (/^zod(?:\/|$)/.test(name)) found.push(file);
      if (name.startsWith(".")) todo.push(resolve(dirname(file), name.replace(/\.(m|c)js$/, ".d.$1ts")));
    }
  }
  return found;
}

const silent = withoutDocumentation();
if (silent.length > 0) throw new Error(`No documentation on hover for ${silent.join(", ")}`);
const zod = ["dist/index.d.mts", "dist/index.d.cts"].flatMap(needZod);
if (zod.length > 0) throw new Error(`The published types import zod: ${zod.join(", ")}`);
console.log("types: documentation on hover for every option, no zod");
