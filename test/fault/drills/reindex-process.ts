/** A process that reindexes a store and reports its progress as JSON lines; the drill kills it. */
import { openReindexed, type DrillPlace } from "./reindex-config.ts";

const { place, textsPerSecond } = JSON.parse(process.argv[2] ?? "") as { readonly place: DrillPlace; readonly textsPerSecond: number };
const print = (line: unknown): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const { store } = await openReindexed(place);
const report = await store.reindex({ textsPerSecond, onProgress: (progress) => print({ progress }) });
print({ report });
await store.stop();
