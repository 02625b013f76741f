/**
 * `npm run docs:report`: writes the public API of each entry point of the built package to docs/NAME.api.md; `-- --check` fails where a
 * report differs from the API.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const CONFIG = join(ROOT, "api-extractor.json");

/** An entry of `exports` that has declarations. */
interface Entry {
  readonly import?: { readonly types?: string };
}

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const { exports } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { exports: Record<string, Entry | string> };
const entries = Object.entries(exports).flatMap(([path, entry]) => {
  const types = typeof entry === "string" ? undefined : entry.import?.types;
  return types === undefined ? [] : [{ name: path === "." ? "public" : path.slice("./".length), types }];
});

const outdated: string[] = [];
for (const { name, types } of entries) {
  const base = ExtractorConfig.loadFile(CONFIG);
  const config = ExtractorConfig.prepare({
    configObject: { ...base, mainEntryPointFilePath: join(ROOT, types), apiReport: { ...base.apiReport, enabled: true, reportFileName: name } },
    configObjectFullPath: CONFIG,
    packageJsonFullPath: join(ROOT, "package.json"),
  });
  const { succeeded, apiReportChanged } = Extractor.invoke(config, { localBuild: !values.check, messageCallback: (message) => void (message.handled = true) });
  if (!succeeded) outdated.push(`docs/${name}.api.md`);
  else if (apiReportChanged) console.log(`docs/${name}.api.md: written`);
}
if (outdated.length > 0) {
  console.error(`${outdated.join(", ")}: the API differs from the report. Run npm run docs:report, and review the difference.`);
  process.exitCode = 1;
}
