/** Ranks candidates by the words of a query, for searches that cannot rank by meaning. */
import MiniSearch from "minisearch";

/**
 * Positions of the texts that share a word with the query, best first. Any one word is enough: of questions asked in
 * plain language, hardly any item holds every word.
 */
export function rankByKeywords(texts: readonly string[], query: string): number[] {
  const index = new MiniSearch<{ id: number; text: string }>({
    fields: ["text"],
    searchOptions: { combineWith: "OR", prefix: (term) => term.length >= SHORTEST_PREFIX },
  });
  index.addAll(texts.map((text, id) => ({ id, text })));
  return index
    .search(query)
    .sort((a, b) => b.score - a.score || Number(a.id) - Number(b.id))
    .map(({ id }) => Number(id));
}

/** Words of this length also find those that go on: "cook" finds "cooking". */
const SHORTEST_PREFIX = 4;
