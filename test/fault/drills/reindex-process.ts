/** A process that reindexes a store and reports its progress as JSON lines; the drill kills it. */
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { reindexConfig, type DrillPlace } from "./reindex-config.ts";

const { place, textsPerSecond } = JSON.parse(process.argv[2] ?? "") as { readonly place: DrillPlace; readonly textsPerSecond: number };
const print = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const store = await ScyllaDBStore.connect(reindexConfig(place).config);
const report = await store.reindex({ textsPerSecond, onProgress: (progress) => print({ progress }) });
print({ report });
await store.stop();
