/** Long conversations with questions, each of which names the turns that answer it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A conversation. */
export interface Conversation {
  /** Name of its file; the namespace of its items. */
  readonly id: string;
  readonly turns: readonly Turn[];
  readonly questions: readonly Question[];
}

interface Turn {
  readonly id: string;
  readonly session: number;
  readonly date: string;
  readonly speaker: string;
  readonly text: string;
}

interface Question {
  readonly question: string;
  /** Ids of the turns that answer it. */
  readonly evidence: readonly string[];
  readonly category: number;
}

/** Names of the question categories of LoCoMo. */
export const CATEGORIES: Readonly<Record<number, string>> = { 1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop", 5: "adversarial" };

/** Reads all conversations of a folder, in the order of their names. */
export async function readConversations(folder: string): Promise<Conversation[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  if (files.length === 0) throw new Error(`There is no conversation (*.json) in ${folder}; see docs/retrieval.md for where to get them.`);
  return Promise.all(
    files.map(async (name) => {
      const { turns, questions } = JSON.parse(await readFile(join(folder, name), "utf8")) as Omit<Conversation, "id">;
      return { id: name.replace(/\.json$/, ""), turns, questions: questions.filter(({ evidence }) => evidence.length > 0) };
    }),
  );
}

/** The value of a turn's item. */
export function valueOf({ speaker, text, session, date }: Turn): { text: string; session: number; date: string; said: Date } {
  return { text: `${speaker}: ${text}`, session, date, said: timeOf(date) };
}

/** The time of a date as LoCoMo writes it, such as "1:56 pm on 8 May, 2023". */
function timeOf(date: string): Date {
  const [time, day] = date.split(" on ");
  const parsed = new Date(`${day} ${time} UTC`);
  if (Number.isNaN(parsed.getTime())) throw new Error(`The date ${JSON.stringify(date)} of a turn is not like "1:56 pm on 8 May, 2023".`);
  return parsed;
}
