/**
 * Generates from the configuration schema: the list of options in `docs/configuration.md`, `.env.example`,
 * and the interfaces in `src/config/option-types/`.
 *
 *     node scripts/config-docs.ts          writes the files
 *     node scripts/config-docs.ts --check  fails if a file is not up to date
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { catalogueOf, type Option, type OptionGroup } from "../src/config/catalogue.ts";
import { FILE_VARIABLE, PROFILE_VARIABLE, CONVENTIONAL_VARIABLES, variableOf } from "../src/config/environment.ts";
import { embeddedConfigSchema, serverConfigSchema } from "../src/config/schema.ts";
import { configTypes } from "./config-types.ts";

const BEGIN = "<!-- options: written by npm run docs:config -->";
const END = "<!-- end of options -->";

const DOCS = fileURLToPath(new URL("../docs/configuration.md", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../.env.example", import.meta.url));

/** A generated file and its expected content. */
export interface Written {
  readonly path: string;
  readonly text: string;
  readonly isStale: boolean;
}

/** Returns the expected content of each file, and whether the file is stale. */
export async function writtenFiles(): Promise<Written[]> {
  const [docs, example] = await Promise.all([DOCS, EXAMPLE].map((path) => readFile(path, "utf8").catch(() => "")));
  const listed = withOptions(docs ?? "");
  const env = envExample();
  const types = configTypes().map(async ({ path, text }) => ({
    path,
    text,
    isStale: text !== (await readFile(path, "utf8").catch(() => "")),
  }));
  return [
    ...(await Promise.all(types)),
    { path: DOCS, text: listed, isStale: listed !== docs },
    { path: EXAMPLE, text: env, isStale: env !== example },
  ];
}

function withOptions(docs: string): string {
  const [before, rest] = docs.split(BEGIN);
  const [, after] = (rest ?? "").split(END);
  if (before === undefined || after === undefined) throw new Error(`docs/configuration.md must contain ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${sections().join("\n\n")}\n\n${END}${after}`;
}

interface Section {
  readonly title: string;
  readonly group: OptionGroup | null;
  readonly options: readonly Option[];
}

/** The kinds of store that have an option. */
function kindOf(name: string): string {
  const [servers, embedded] = [serverConfigSchema, embeddedConfigSchema].map((schema) => name in schema.shape);
  if (servers && embedded) return "";
  return servers ? " (servers)" : " (local file)";
}

function allSections(): Section[] {
  const catalogues = [catalogueOf(serverConfigSchema), catalogueOf(embeddedConfigSchema)];
  const options = distinct(catalogues.flatMap((catalogue) => catalogue.options));
  const groups = distinct(catalogues.flatMap((catalogue) => catalogue.groups));
  const inGroups = groups.map((group) => ({
    title: `\`${group.path.join(".")}\`${kindOf(group.path[0] ?? "")}`,
    group,
    options: options.filter(({ path }) => path.length === group.path.length + 1 && group.path.every((name, i) => path[i] === name)),
  }));
  const top = options.filter(({ path }) => path.length === 1);
  return [{ title: "At the top", group: null, options: top }, ...inGroups];
}

function distinct<Each extends { readonly path: readonly string[] }>(all: readonly Each[]): Each[] {
  return [...new Map(all.map((each) => [each.path.join("."), each])).values()];
}

function sections(): string[] {
  return allSections()
    .filter(({ options, group }) => options.length > 0 || group !== null)
    .map(({ title, group, options }) => {
      const lines = [`### ${title}`];
      if (group !== null) lines.push(group.description);
      if (options.length > 0) lines.push(table(options));
      return lines.filter((line) => line !== "").join("\n\n");
    });
}

function table(options: readonly Option[]): string {
  const rows = options.map((option) =>
    [
      `\`${option.path.join(".")}\``,
      typeOf(option),
      defaultOf(option),
      option.isForCode ? "" : `\`${variableOf(option.path)}\``,
      option.fixed === null ? "yes" : `no: ${option.fixed}`,
      option.path.length === 1 ? `${option.description}${kindOf(option.path[0] ?? "")}` : option.description,
    ]
      .map((cell) => cell.replaceAll("|", "\\|"))
      .join(" | "),
  );
  return ["| Option | Type | Default | Environment | Reload | |", "|---|---|---|---|---|---|", ...rows.map((row) => `| ${row} |`)].join("\n");
}

function typeOf(option: Option): string {
  return `${option.type}${option.isSecret ? " (secret)" : ""}`;
}

function defaultOf(option: Option): string {
  if (option.schema.default !== undefined && !option.isForCode) return `\`${JSON.stringify(option.schema.default)}\``;
  return option.isRequired && !option.isForCode ? "required" : "";
}

const EXAMPLE_HEAD = `# Every variable that the store reads, with its default or an example. Uncomment what you set.
# Written by npm run docs:config; docs/configuration.md says what each one means.

# The configuration file, and the profile of it that is in force (development, staging or production).
#${FILE_VARIABLE}=./scylladb-store.config.yaml
#${PROFILE_VARIABLE}=production

# Read too, where the names below are not set.
${Object.keys(CONVENTIONAL_VARIABLES)
  .map((name) => `#${name}=`)
  .join("\n")}
`;

function envExample(): string {
  const parts = allSections().flatMap(({ title, group, options }) => {
    const shown = options.filter(({ isForCode }) => !isForCode);
    if (shown.length === 0) return [];
    const lines = shown.map((option) => `#${variableOf(option.path)}=${envValue(option)}`);
    return [[`# ${title.replaceAll("`", "")}${group === null || group.description === "" ? "" : `: ${group.description}`}`, ...lines].join("\n")];
  });
  return `${EXAMPLE_HEAD}\n${parts.join("\n\n")}\n`;
}

function envValue({ example }: Option): string {
  if (example === undefined) return "";
  if (Array.isArray(example) && example.every((each) => typeof each === "string")) return example.join(",");
  return typeof example === "string" ? example : `'${JSON.stringify(example)}'`.replaceAll(/^'(-?[\d.]+|true|false)'$/g, "$1");
}

async function main(): Promise<void> {
  const stale = (await writtenFiles()).filter(({ isStale }) => isStale);
  if (!process.argv.includes("--check")) {
    await Promise.all(stale.map(({ path, text }) => writeFile(path, text)));
    return;
  }
  for (const { path } of stale) console.error(`${path} differs from the schema: run npm run docs:config`);
  if (stale.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
