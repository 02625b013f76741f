/**
 * `npm run bench:recall -- --data DIR`: which share of the answering turns of long conversations searches find.
 *
 *   node scripts/bench-recall.ts --data DIR [--systems memory,embedded,servers,postgres] [--reporting a,b,c] [--markdown FILE]
 *
 * `DIR` holds conversations of LoCoMo, see docs/retrieval.md. `--reporting` names the conversations that no parameter was
 * chosen on; by default the last three. The exit code is 1 if a target is missed.
 */
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { Presets, SingleBar } from "cli-progress";
import { readConversations, valueOf, type Conversation } from "../test/bench/recall/conversations.ts";
import { RecallEmbeddings } from "../test/bench/recall/embeddings.ts";
import { measure, type Measured } from "../test/bench/recall/measured.ts";
import { asMarkdown } from "../test/bench/recall/report.ts";
import { embeddedSystem, memorySystem, postgresSystem, serversSystem, type RecallSystem } from "../test/bench/recall/systems.ts";
import { judgeRecall } from "../test/bench/recall/targets.ts";

const SYSTEMS = { memory: memorySystem, postgres: postgresSystem, embedded: embeddedSystem, servers: serversSystem };

const { values: options } = parseArgs({
  options: {
    data: { type: "string" },
    systems: { type: "string", default: Object.keys(SYSTEMS).join(",") },
    reporting: { type: "string" },
    markdown: { type: "string" },
  },
});
if (options.data === undefined) throw new Error("--data DIR is missing: a folder with conversations of LoCoMo, see docs/retrieval.md");
const conversations = await readConversations(options.data);
const reporting = options.reporting?.split(",") ?? conversations.slice(-3).map(({ id }) => id);
const embeddings = new RecallEmbeddings();
const bar = new SingleBar({ format: "embedding {bar} {value}/{total}", stream: process.stderr }, Presets.shades_classic);
const texts = textsOf(conversations);
bar.start(texts.length, 0);
await embeddings.prepare(texts, (done) => bar.update(done));
bar.stop();

const measured: Measured[] = [];
for (const name of options.systems.split(",")) {
  if (!(name in SYSTEMS)) throw new Error(`--systems has ${name}; it takes ${Object.keys(SYSTEMS).join(", ")}`);
  const start: (given: readonly Conversation[], model: RecallEmbeddings) => Promise<RecallSystem> = SYSTEMS[name as keyof typeof SYSTEMS];
  process.stderr.write(`${name}: loading\n`);
  const system = await start(conversations, embeddings);
  try {
    for (const ranking of system.rankings) {
      process.stderr.write(`${ranking.system}: ${ranking.ranking}\n`);
      measured.push(await measure(ranking, conversations));
    }
  } finally {
    await system.stop();
  }
}
const verdicts = judgeRecall(measured, conversations.map(({ id }) => id), reporting);
const report = asMarkdown(measured, conversations, reporting, verdicts);
console.log(report);
if (options.markdown !== undefined) await writeFile(options.markdown, `${report}\n`);
if (verdicts.some(({ isMet }) => isMet === false)) process.exitCode = 1;

/** All texts that are embedded: turns as documents, and questions. */
function textsOf(given: readonly Conversation[]): string[] {
  return [...new Set(given.flatMap(({ turns, questions }) => [...turns.map((turn) => valueOf(turn).text), ...questions.map(({ question }) => question)]))];
}
