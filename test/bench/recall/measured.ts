/** Runs the questions of conversations on a ranking. */
import type { Conversation } from "./conversations.ts";
import type { Ranking } from "./systems.ts";

/** Numbers of results that recall is computed for. */
export const DEPTHS = [5, 10, 20] as const;

/** A number of results. */
export type Depth = (typeof DEPTHS)[number];

/** The result of one question. */
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
      const found = await search(id, question, Math.max(...DEPTHS));
      const ms = performance.now() - startedAt;
      const recall = DEPTHS.map((depth) => evidence.filter((turn) => found.slice(0, depth).includes(turn)).length / evidence.length);
      const first = found.findIndex((turn) => evidence.includes(turn));
      answers.push({ conversation: id, category, recall, reciprocalRank: first < 0 ? 0 : 1 / (first + 1), ms });
    }
  }
  await end?.();
  return { system, ranking, answers };
}

/** Returns the mean; 0 of no numbers. */
export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0) / Math.max(1, numbers.length);
}

/** Returns the mean recall over the questions of some conversations; of all without `conversations`. */
export function recallOf({ answers }: Measured, depth: Depth, conversations?: readonly string[]): number {
  const counted = answers.filter(({ conversation }) => conversations?.includes(conversation) ?? true);
  return mean(counted.map(({ recall }) => recall[DEPTHS.indexOf(depth)] ?? 0));
}
