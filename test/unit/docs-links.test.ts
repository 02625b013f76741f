/** Links between the pages of the documentation lead to files and headings that exist. */
import { globSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("documentation pages link only to files and headings that exist", async () => {
  const broken = (await Promise.all((await allPages()).map(brokenLinksOf))).flat();
  expect(broken).toEqual([]);
});

test("documentation pages name only files of this repository that exist", async () => {
  const missing = await Promise.all(
    (await allPages()).map(async (page) => {
      const paths = [...(await readFile(page, "utf8")).matchAll(/`((?:src|test|scripts|examples|ops|docs|\.ci)\/[\w./*-]*)`/g)].map(([, path = ""]) => path);
      return paths.filter((path) => !isGenerated(path) && globSync(path, { cwd: ROOT }).length === 0).map((path) => `${relative(ROOT, page)}: ${path}`);
    }),
  );
  expect(missing.flat()).toEqual([]);
});

test("the README names every documentation page", async () => {
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const pages = (await markdownIn(join(ROOT, "docs"))).map((page) => relative(ROOT, page));
  expect(pages.filter((page) => !readme.includes(`](${page})`))).toEqual([]);
});

/** Whether a command creates the path, which a clone lacks. */
function isGenerated(path: string): boolean {
  return path.startsWith("docs/api") || path.startsWith("ops/alertmanager/secrets");
}

async function allPages(): Promise<string[]> {
  return [...(await markdownIn(ROOT)), ...(await markdownIn(join(ROOT, "docs")))];
}

async function markdownIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
}

async function brokenLinksOf(page: string): Promise<string[]> {
  const targets = [...withoutCode(await readFile(page, "utf8")).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const local = targets.filter((target) => !/^[a-z]+:/.test(target));
  const reasons = await Promise.all(local.map((target) => problemOf(page, target)));
  return reasons.flatMap((reason, i) => (reason === null ? [] : [`${relative(ROOT, page)} → ${local[i] ?? ""}: ${reason}`]));
}

/** Returns why a link from `page` fails; null if it works. */
async function problemOf(page: string, target: string): Promise<string | null> {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => error);
  if (text instanceof Error) return text.code === "EISDIR" && anchor === undefined ? null : (text.code ?? text.message);
  return anchor === undefined || anchorsOf(text).includes(anchor) ? null : "no such heading";
}

/** Returns the anchors of the headings, as GitHub derives them. */
function anchorsOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```/gm, "");
}
