/**
 * A process that writes until it is killed: puts and deletes on a few keys, several at once. It prints each write
 * before it begins and when it is acknowledged, so that its parent knows what must be there.
 *
 *   node crash-writer.ts CONFIG NAMESPACE FIRST
 */
import { writeSync } from "node:fs";
import { ScyllaDBStore, type EmbeddedStoreConfig, type ScyllaDBStoreConfig } from "../../src/index.ts";
import { HashEmbeddings } from "../../src/testing/embeddings.ts";

const [config = "{}", namespace = "", first = "0"] = process.argv.slice(2);
const options = JSON.parse(config) as ScyllaDBStoreConfig | Extract<EmbeddedStoreConfig, object>;
const index = { dims: 64, embeddings: new HashEmbeddings(), fields: ["text"] };
const store =
  "cql" in options ? await ScyllaDBStore.connect({ ...options, index }) : await ScyllaDBStore.embedded({ ...options, index });

/** At once and unbuffered: what was printed has been printed, whenever the process dies. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function client(key: string): Promise<never> {
  for (let n = Number(first); ; n += 1) {
    const isDelete = n % 5 === 4;
    say(`begin ${key} ${n}`);
    if (isDelete) await store.delete([namespace], key);
    else await store.put([namespace], key, { n, text: `word${n}of${key}` });
    say(`ack ${key} ${n}`);
  }
}

await Promise.all(["a", "b", "c", "d"].map(client));
