/** Real English text for retrieval tests: the READMEs of packages that are installed for development, by section. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/** One section of a README. */
export interface Section {
  readonly package: string;
  readonly heading: string;
  readonly text: string;
}

const MODULES = fileURLToPath(new URL("../../node_modules/", import.meta.url));

/** Shorter sections are skipped; longer ones are truncated, because the local model is slow. */
const SHORTEST = 80;
const LONGEST = 350;

/** The first sections of the READMEs of `packages`, at most `perPackage` of each. */
export async function readmeSections(packages: readonly string[], perPackage: number): Promise<Section[]> {
  const all = await Promise.all(packages.map((name) => sectionsOf(name, perPackage)));
  return all.flat();
}

async function sectionsOf(name: string, most: number): Promise<Section[]> {
  const folder = `${MODULES}${name}/`;
  const file = (await readdir(folder)).find((entry) => /^readme\.md$/i.test(entry));
  if (file === undefined) throw new Error(`The package ${name} has no README any more: choose another for this test.`);
  const markdown = await readFile(folder + file, "utf8");
  return prose(markdown)
    .split(/^#{1,4}\s+/m)
    .map((part) => ({ heading: part.slice(0, part.indexOf("\n")).trim(), body: part.slice(part.indexOf("\n")) }))
    .map(({ heading, body }) => ({ package: name, heading, text: `${heading}. ${body.replace(/\s+/g, " ").trim()}` }))
    .filter(({ text }) => text.length >= SHORTEST)
    .slice(0, most)
    .map((section) => ({ ...section, text: section.text.slice(0, LONGEST) }));
}

/** Returns the prose of a page, without code, badges, link addresses and markup. */
function prose(markdown: string): string {
  return markdown
    .replace(/^(=|-){3,}\s*$/gm, "")
    .replace(/```[\s\S]*?```/g, " ")
    .replace(/<!--[\s\S]*?-->|<[^>]+>/g, " ")
    .replace(/!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])/g, " ")
    .replace(/\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, "$1")
    .replace(/^\[[^\]]+\]:.*$/gm, "")
    .replace(/[`*_|]/g, "");
}
