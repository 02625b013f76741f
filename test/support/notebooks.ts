/** Executes the notebooks of examples/notebooks with Deno's Jupyter kernel. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, fillCacheFolder } from "../servers/cache-folder.ts";
import { installPackages } from "../servers/python-packages.ts";

const FOLDER = fileURLToPath(new URL("../../examples/notebooks/", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../../scripts/execute-notebook.py", import.meta.url));
const REQUIREMENTS = fileURLToPath(new URL("../../scripts/notebook-requirements.txt", import.meta.url));

const IMAGES = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/** The first picture of a notebook, by the name of its file in docs/images. */
const PICTURES: Readonly<Record<string, string>> = { "02-search-modes.ipynb": "search-modes.svg" };

/** A cell may take so long, and the kernel its start: the machine may be busy. */
const CELL_DEADLINE_S = 180;

/** Colors of terminals, which the kernel adds to values. A control character in a regular expression counts as a mistake. */
const COLORS = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*m`, "g");

/** Names of the notebooks, in their order. */
export async function notebookNames(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => name.endsWith(".ipynb")).sort();
}

/** An executed notebook. */
export interface ExecutedNotebook {
  /** The notebook with its outputs, as it is stored. */
  readonly text: string;
  /** Text of all outputs, without colors. */
  readonly output: string;
}

/**
 * Executes a notebook from top to bottom in a kernel of its own.
 *
 * @throws {Error} with the outputs when a cell fails.
 */
export async function executeNotebook(name: string, env: NodeJS.ProcessEnv): Promise<ExecutedNotebook> {
  const packages = cacheFolder(env, "notebooks-2");
  await fillCacheFolder(packages, async (work) => {
    const target = join(work, "packages");
    await mkdir(target);
    await installPackages(REQUIREMENTS, target, env);
    return target;
  });
  const work = await mkdtemp(join(tmpdir(), "notebook-"));
  try {
    await writeKernel(join(work, "kernels", "deno"));
    const target = join(work, basename(name));
    const used = { ...env, PYTHONPATH: packages, JUPYTER_PATH: work, JUPYTER_PLATFORM_DIRS: "1", NODE_OPTIONS: "", NO_COLOR: "1" };
    await run("python3", [SCRIPT, join(FOLDER, name), target, String(CELL_DEADLINE_S)], used);
    const text = (await readFile(target, "utf8")).replaceAll(COLORS, "");
    return { text, output: outputsOf(text) };
  } finally {
    await rm(work, { recursive: true });
  }
}

/** The text of the outputs that are stored with a notebook. */
export async function storedOutput(name: string): Promise<string> {
  return outputsOf(await readFile(join(FOLDER, name), "utf8"));
}

/** Stores the outputs of an executed notebook in its file, and the picture that the README shows. */
export async function saveNotebook(name: string, { text }: ExecutedNotebook): Promise<void> {
  await writeFile(join(FOLDER, name), text.endsWith("\n") ? text : `${text}\n`);
  const picture = PICTURES[name];
  if (picture !== undefined) await writeFile(join(IMAGES, picture), firstPicture(text));
}

/** The pictures of notebooks that docs/images holds: the file, its content, and the picture that is stored in the notebook. */
export async function storedPictures(): Promise<{ readonly file: string; readonly content: string; readonly inNotebook: string }[]> {
  return Promise.all(
    Object.entries(PICTURES).map(async ([name, file]) => {
      const [content, notebook] = await Promise.all([readFile(join(IMAGES, file), "utf8"), readFile(join(FOLDER, name), "utf8")]);
      return { file, content, inNotebook: firstPicture(notebook) };
    }),
  );
}

function firstPicture(notebook: string): string {
  const { cells } = JSON.parse(notebook) as { cells: { outputs?: readonly Output[] }[] };
  const pictures = cells.flatMap(({ outputs = [] }) => outputs.map(({ data }) => data?.["image/svg+xml"])).filter((each) => each !== undefined);
  return [pictures[0] ?? ""].flat().join("");
}

async function writeKernel(folder: string): Promise<void> {
  const deno = join(dirname(createRequire(import.meta.url).resolve("deno/package.json")), "bin.cjs");
  await mkdir(folder, { recursive: true });
  const argv = [process.execPath, deno, "jupyter", "--kernel", "--conn", "{connection_file}"];
  await writeFile(join(folder, "kernel.json"), JSON.stringify({ argv, display_name: "Deno", language: "typescript" }));
}

interface Output {
  readonly text?: string | readonly string[];
  readonly data?: Readonly<Record<string, string | readonly string[]>>;
}

function outputsOf(notebook: string): string {
  const { cells } = JSON.parse(notebook) as { cells: { outputs?: readonly Output[] }[] };
  const texts = cells.flatMap(({ outputs = [] }) => outputs.map(({ text, data }) => text ?? data?.["text/plain"] ?? ""));
  return texts.map((text) => (typeof text === "string" ? text : text.join(""))).join("\n");
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(file, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  if (code !== 0) throw new Error(`${args.join(" ")} exited with ${code}:\n${text}`);
}
