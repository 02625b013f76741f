/** The cases of the benchmark. */

/** A case of the benchmark. */
export interface Case {
  readonly name: CaseName;
  /** Description of a call for the report. */
  readonly what: string;
  /** Number of concurrent callers, each with one call in flight. */
  readonly clients: number;
  /** Items per call, by which operations are counted. */
  readonly itemsPerCall: number;
  /** Whether the case writes. Writing cases run last, so that all reads see the same data. */
  readonly writes: boolean;
}

/** The name of a case. */
export type CaseName =
  | "put-vector-1"
  | "put-vector-100"
  | "batch-put-vector"
  | "put-plain-100"
  | "get-1"
  | "get-100"
  | "batch-get-50"
  | "search-namespace-1"
  | "search-namespace-8"
  | "search-namespace-hybrid-8"
  | "search-all-8"
  | "search-filter-8"
  | "filter-first-page"
  | "filter-tenth-page"
  | "filter-page-50"
  | "pages-in-sequence"
  | "list-namespaces"
  | "graph-step";

/** Items in one call of the batches. */
export const BATCHED_PUTS = 100;
export const BATCHED_GETS = 50;

/** Pages that are read one after the other, and items of a page. */
export const PAGES = 50;
export const PAGE_ITEMS = 10;

const read = { writes: false, itemsPerCall: 1 };
const write = { writes: true, itemsPerCall: 1 };

/** Every case, in the order of reports. */
export const CASES: readonly Case[] = [
  { ...write, name: "put-vector-1", clients: 1, what: "put an item with a vector" },
  { ...write, name: "put-vector-100", clients: 100, what: "put an item with a vector" },
  { ...write, name: "batch-put-vector", clients: 1, itemsPerCall: BATCHED_PUTS, what: "a batch of 100 puts with vectors" },
  { ...write, name: "put-plain-100", clients: 100, what: "put an item without a vector" },
  { ...read, name: "get-1", clients: 1, what: "get an item" },
  { ...read, name: "get-100", clients: 100, what: "get an item" },
  { ...read, name: "batch-get-50", clients: 8, itemsPerCall: BATCHED_GETS, what: "a batch of 50 gets in one namespace" },
  { ...read, name: "search-namespace-1", clients: 1, what: "search a namespace of 200 items, 10 hits" },
  { ...read, name: "search-namespace-8", clients: 8, what: "search a namespace of 200 items, 10 hits" },
  { ...read, name: "search-namespace-hybrid-8", clients: 8, what: "the same in hybrid mode" },
  { ...read, name: "search-all-8", clients: 8, what: "search everything (10,000 vectors), 10 hits" },
  { ...read, name: "search-filter-8", clients: 8, what: "search a namespace with a filter that half match, 10 hits" },
  { ...read, name: "filter-first-page", clients: 8, what: "10 items by a filter that half of 200 match" },
  { ...read, name: "filter-tenth-page", clients: 8, what: "10 items by a filter that one in ten of 200 matches" },
  { ...read, name: "filter-page-50", clients: 8, what: "page 50 of 10 items alone, by a filter that all of 2,000 match" },
  { ...read, name: "pages-in-sequence", clients: 8, itemsPerCall: PAGES, what: "pages 1 to 50 of 10 items in sequence, of a namespace of 2,000" },
  { ...read, name: "list-namespaces", clients: 1, what: "100 of 10,000 namespaces" },
  { ...write, name: "graph-step", clients: 8, what: "a LangGraph step: a search and a put through the graph's store" },
];

/** Returns the cases whose names contain the text. Writing cases come last, because they add data. */
export function casesInOrder(only: string): Case[] {
  const wanted = CASES.filter(({ name }) => name.includes(only));
  return [...wanted.filter(({ writes }) => !writes), ...wanted.filter(({ writes }) => writes)];
}
