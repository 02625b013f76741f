/**
 * Loads Markdown and text files into the store, with progress: `npm run example:load -- docs "how do I restore a backup?"`.
 * A second run loads only what has changed: each chunk has a key derived from its content.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { SingleBar } from "cli-progress";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { LocalEmbeddings, LOCAL_EMBEDDINGS_DIMS } from "langgraph-store-scylladb/local-embeddings";

const [folder = "docs", question = "What happens when Qdrant is down?"] = process.argv.slice(2);
const NAMESPACE = ["docs", "chunks"];
/** The local embedder reads about 450 characters. */
const CHUNK_CHARS = 450;
const BATCH = 16;

/** A piece of a file, with the heading above it. */
interface Chunk {
  readonly key: string;
  readonly value: { readonly text: string; readonly file: string; readonly heading: string };
}

function chunksOf(file: string, text: string): Chunk[] {
  const chunks: Chunk[] = [];
  let heading = "";
  let kept = "";
  const add = (): void => {
    const value = { text: `${heading}\n${kept}`.trim(), file, heading };
    if (kept.trim() !== "") chunks.push({ key: createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32), value });
    kept = "";
  };
  for (const paragraph of text.split(/\n\s*\n/)) {
    const [, title] = /^#+ (.+)/.exec(paragraph) ?? [];
    if (title !== undefined || kept.length + paragraph.length > CHUNK_CHARS) add();
    if (title === undefined) kept += `${paragraph}\n\n`;
    else heading = title;
  }
  add();
  return chunks;
}

const names = (await readdir(folder, { recursive: true })).filter((name) => /\.(?:md|txt)$/.test(name)).sort();
const chunks = (await Promise.all(names.map(async (name) => chunksOf(relative(folder, join(folder, name)), await readFile(join(folder, name), "utf8"))))).flat();
const wanted = new Map(chunks.map((chunk) => [chunk.key, chunk]));

const index = { dims: LOCAL_EMBEDDINGS_DIMS, embeddings: new LocalEmbeddings(), fields: ["text"] };
const store = await ScyllaDBStore.embedded({ path: process.env["STORE_FILE"] ?? "./documents.db", index });

// Chunks of files that were changed or deleted go; those that are stored already are not embedded again.
const outdated: string[] = [];
let unchanged = 0;
for await (const { key } of store.keys(NAMESPACE)) {
  if (wanted.delete(key)) unchanged += 1;
  else outdated.push(key);
}
for (const key of outdated) await store.delete(NAMESPACE, key);

const bar = new SingleBar({ format: "{bar} {value}/{total} chunks | {eta_formatted} left", noTTYOutput: true, notTTYSchedule: 5_000 });
const todo = [...wanted.values()];
if (todo.length > 0) bar.start(todo.length, 0);
for (let at = 0; at < todo.length; at += BATCH) {
  const batch = todo.slice(at, at + BATCH);
  // One batch is embedded in few calls. A failed put rejects with a BatchError; run again, and it continues.
  await store.batch(batch.map(({ key, value }) => ({ namespace: NAMESPACE, key, value })));
  bar.increment(batch.length);
}
bar.stop();
console.log(`\n${names.length} files: ${todo.length} chunks loaded, ${unchanged} unchanged, ${outdated.length} deleted.\n`);

console.log(question);
for (const { score, value } of await store.search(NAMESPACE, { query: question, limit: 3 })) {
  console.log(`  ${score?.toFixed(2) ?? "-"}  ${String(value["file"])} › ${String(value["heading"])}`);
}
await store.stop();
