/** Words that the project replaces by the term of the field (CONTRIBUTING.md), for identifiers and for prose. */

/** A word or phrase, and what to write instead. */
export interface ReplacedWord {
  /** A regular expression for whole words in lower case; a space stands for any white space. */
  readonly pattern: string;
  readonly instead: string;
}

/** Replaced in identifiers, comments and strings alike. */
export const WORDS: readonly ReplacedWord[] = [
  { pattern: "tells?|told|telling", instead: "emit, log, report, notify, return" },
  { pattern: "under way", instead: "in flight, in progress" },
  { pattern: "anew", instead: "again" },
  { pattern: "seen to|looked at|looks? after", instead: "processed, reconciled" },
  { pattern: "put right|made right|mend(?:s|ed|er|ing)?", instead: "repair, reconcile, fix" },
  { pattern: "left alone", instead: "circuit open" },
  { pattern: "stands on", instead: "depends on" },
  { pattern: "holds? against|held against", instead: "compare with" },
  { pattern: "tak(?:e|es|en|ing) away", instead: "delete, remove" },
  { pattern: "nobody|nobodys|somebody|anybody|whoever|shall|stood", instead: "another sentence, with the component as its subject" },
  { pattern: "graveyards?", instead: "tombstone-heavy partition" },
  { pattern: "what has ended|has its end", instead: "expired, completed, closed" },
  { pattern: "time is up", instead: "deadline exceeded" },
  { pattern: "in step", instead: "in sync, consistent" },
  { pattern: "hand(?:s|ed)? on", instead: "forward, pass" },
];

/** Replaced in identifiers only: in prose each has a meaning of its own. */
export const IDENTIFIER_WORDS: readonly ReplacedWord[] = [
  { pattern: "noted|noting", instead: "recorded" },
  { pattern: "ground|surroundings", instead: "dependencies, environment" },
  { pattern: "patience", instead: "timeout" },
  { pattern: "unsaid", instead: "unspecified" },
  { pattern: "lookers", instead: "observers" },
  { pattern: "estate|lasting", instead: "shared resources, runtime" },
];

/** Replaced in comments and strings only. */
export const PROSE_WORDS: readonly ReplacedWord[] = [
  { pattern: "(?:is|are) asked", instead: "receives a request" },
  { pattern: "without a word", instead: "silently" },
  { pattern: "what came of|what bec(?:a|o)mes? of", instead: "outcome" },
  { pattern: "in force", instead: "active, current" },
  { pattern: "given up|gives? up", instead: "aborted, dropped" },
];
