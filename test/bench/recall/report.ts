/** Reports measured rankings as Markdown. */
import { table, verdictTable } from "../report.ts";
import type { Verdict } from "../targets.ts";
import { CATEGORIES, type Conversation } from "./conversations.ts";
import { DEPTHS, mean, recallOf, type Measured } from "./measured.ts";
import { COMPARED_DEPTHS, comparedWithModes, OUR_SYSTEMS } from "./targets.ts";

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

/** Returns the tables and the chart. */
export function asMarkdown(measured: readonly Measured[], conversations: readonly Conversation[], reporting: readonly string[], verdicts: readonly Verdict[]): string {
  const ids = conversations.map(({ id }) => id);
  return [
    `All ${ids.length} conversations:`,
    recallTable(measured, ids),
    `The ${reporting.length} conversations that were not used to choose the defaults:`,
    recallTable(measured, reporting),
    "Recall by conversation. The difference is that of hybrid to the better of semantic and keyword:",
    conversationTable(measured, conversations),
    "Recall@10 by category of question:",
    categoryTable(measured),
    chart(measured),
    "Targets:",
    verdictTable(verdicts).join("\n"),
  ].join("\n\n");
}

function recallTable(measured: readonly Measured[], ids: readonly string[]): string {
  const rows = measured.map((each) => {
    const answers = each.answers.filter(({ conversation }) => ids.includes(conversation));
    const numbers = [...DEPTHS.map((depth) => recallOf(each, depth, ids)), mean(answers.map(({ reciprocalRank }) => reciprocalRank))];
    return [each.system, each.ranking, ...numbers.map((number) => number.toFixed(3)), median(answers.map(({ ms }) => ms)).toFixed(1)];
  });
  return table(["store", "ranking", ...DEPTHS.map((depth) => `recall@${depth}`), "MRR", "p50 ms"], rows).join("\n");
}

function conversationTable(measured: readonly Measured[], conversations: readonly Conversation[]): string {
  const head = COMPARED_DEPTHS.flatMap((depth) => [...["semantic", "keyword", "hybrid"].map((mode) => `${mode}@${depth}`), "difference"]);
  const rows = conversations.flatMap(({ id, questions }) =>
    OUR_SYSTEMS.flatMap((system) => {
      const compared = COMPARED_DEPTHS.flatMap((depth) => comparedWithModes(measured, system, depth, [id]) ?? []);
      if (compared.length === 0) return [];
      const cells = compared.flatMap(({ semantic, keyword, hybrid, difference }) => [semantic, keyword, hybrid, difference].map((number) => number.toFixed(3)));
      return [[id, String(questions.length), system, ...cells]];
    }),
  );
  return table(["conversation", "questions", "store", ...head], rows).join("\n");
}

function categoryTable(measured: readonly Measured[]): string {
  const categories = [...new Set(measured.flatMap(({ answers }) => answers.map(({ category }) => category)))].sort();
  const rows = measured.map(({ system, ranking, answers }) => {
    const cells = categories.map((category) => mean(answers.filter((answer) => answer.category === category).map(({ recall }) => recall[1] ?? 0)).toFixed(3));
    return [system, ranking, ...cells];
  });
  return table(["store", "ranking", ...categories.map((category) => CATEGORIES[category] ?? `category ${category}`)], rows).join("\n");
}

function chart(measured: readonly Measured[]): string {
  const names = measured.map(({ system, ranking }) => `"${system}, ${ranking}"`).join(", ");
  const bars = measured.map((each) => recallOf(each, 10).toFixed(3)).join(", ");
  return `\`\`\`mermaid\nxychart-beta horizontal\n  title "Recall@10"\n  x-axis [${names}]\n  y-axis "share of answering turns" 0 --> 1\n  bar [${bars}]\n\`\`\``;
}
