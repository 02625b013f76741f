/** Measures rankings, and reports them as Markdown. */
import { CATEGORIES, type Conversation } from "./conversations.ts";
import type { Ranking } from "./systems.ts";

/** Results that recall is measured in. */
const DEPTHS = [5, 10, 20] as const;
const MOST = 20;

/** What one question came to. */
interface Answer {
  readonly conversation: string;
  readonly category: number;
  /** Share of the answering turns among the first results, for each of {@link DEPTHS}. */
  readonly recall: readonly number[];
  /** One divided by the position of the first answering turn; 0 without one. */
  readonly reciprocalRank: number;
  readonly ms: number;
}

/** A ranking that was measured. */
export interface Measured {
  readonly system: string;
  readonly ranking: string;
  readonly answers: readonly Answer[];
}

/** Asks all questions, one after the other. */
export async function measure({ system, ranking, search, begin, end }: Ranking, conversations: readonly Conversation[]): Promise<Measured> {
  await begin?.();
  const answers: Answer[] = [];
  for (const { id, questions } of conversations) {
    for (const { question, evidence, category } of questions) {
      const startedAt = performance.now();
      const found = await search(id, question, MOST);
      const ms = performance.now() - startedAt;
      const recall = DEPTHS.map((depth) => evidence.filter((turn) => found.slice(0, depth).includes(turn)).length / evidence.length);
      const first = found.findIndex((turn) => evidence.includes(turn));
      answers.push({ conversation: id, category, recall, reciprocalRank: first < 0 ? 0 : 1 / (first + 1), ms });
    }
  }
  await end?.();
  return { system, ranking, answers };
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0) / Math.max(1, numbers.length);

/** Recall of a measured ranking among the first `depth` results, over some conversations. */
function recallOf({ answers }: Measured, depth: (typeof DEPTHS)[number], conversations?: readonly string[]): number {
  const counted = answers.filter(({ conversation }) => conversations?.includes(conversation) ?? true);
  return mean(counted.map(({ recall }) => recall[DEPTHS.indexOf(depth)] ?? 0));
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/** The tables and the chart. */
export function asMarkdown(measured: readonly Measured[], conversations: readonly Conversation[], reporting: readonly string[]): string {
  const groups = [
    { title: `All ${conversations.length} conversations`, ids: conversations.map(({ id }) => id) },
    { title: `The ${reporting.length} conversations that were not used to choose the defaults`, ids: reporting },
  ];
  const tables = groups.map(({ title, ids }) => `${title}:\n\n${recallTable(measured, ids)}`);
  return [...tables, `Recall@10 by category of question:\n\n${categoryTable(measured)}`, chart(measured)].join("\n\n");
}

function recallTable(measured: readonly Measured[], ids: readonly string[]): string {
  const rows = measured.map((each) => {
    const answers = each.answers.filter(({ conversation }) => ids.includes(conversation));
    const cells = [...DEPTHS.map((depth) => recallOf(each, depth, ids).toFixed(3)), mean(answers.map(({ reciprocalRank }) => reciprocalRank)).toFixed(3)];
    return `| ${each.system} | ${each.ranking} | ${cells.join(" | ")} | ${median(answers.map(({ ms }) => ms)).toFixed(1)} |`;
  });
  return ["| store | ranking | recall@5 | recall@10 | recall@20 | MRR | p50 ms |", "|---|---|---|---|---|---|---|", ...rows].join("\n");
}

function categoryTable(measured: readonly Measured[]): string {
  const categories = [...new Set(measured.flatMap(({ answers }) => answers.map(({ category }) => category)))].sort();
  const rows = measured.map(({ system, ranking, answers }) => {
    const cells = categories.map((category) => mean(answers.filter((answer) => answer.category === category).map(({ recall }) => recall[1] ?? 0)).toFixed(3));
    return `| ${system} | ${ranking} | ${cells.join(" | ")} |`;
  });
  const names = categories.map((category) => CATEGORIES[category] ?? `category ${category}`);
  return [`| store | ranking | ${names.join(" | ")} |`, `|---|---|${names.map(() => "---|").join("")}`, ...rows].join("\n");
}

function chart(measured: readonly Measured[]): string {
  const names = measured.map(({ system, ranking }) => `"${system}, ${ranking}"`).join(", ");
  const bars = measured.map((each) => recallOf(each, 10).toFixed(3)).join(", ");
  return `\`\`\`mermaid\nxychart-beta horizontal\n  title "Recall@10"\n  x-axis [${names}]\n  y-axis "share of answering turns" 0 --> 1\n  bar [${bars}]\n\`\`\``;
}
