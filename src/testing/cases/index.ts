import type { CaseFamily } from "../conformance-case.ts";
import { agentUse } from "./agent-use.ts";
import { batchFailures } from "./batch-failures.ts";
import { batches } from "./batch.ts";
import { concurrency } from "./concurrency.ts";
import { copies } from "./copies.ts";
import { filterByValue } from "./filter-by-value.ts";
import { filterEquality } from "./filter-equality.ts";
import { filterLogic } from "./filter-logic.ts";
import { filterRanges } from "./filter-ranges.ts";
import { indexPaths } from "./index-paths.ts";
import { isolation } from "./isolation.ts";
import { keys } from "./keys.ts";
import { namespaceLife } from "./list-namespaces-life.ts";
import { listNamespaces } from "./list-namespaces.ts";
import { listing } from "./listing.ts";
import { namespaceRules } from "./namespace-rules.ts";
import { records } from "./records.ts";
import { refusedValues, typedValues } from "./typed-values.ts";
import { values } from "./values.ts";
import { vectorLife } from "./vector-life.ts";
import { vectorPages } from "./vector-pages.ts";
import { vectorScores } from "./vector-scores.ts";
import { batchOutcomes, cursors, vectorInfo } from "./wider-api.ts";
import { words } from "./words.ts";

/** Every case there is. */
export const FAMILIES: readonly CaseFamily[] = [
  records,
  keys,
  copies,
  values,
  typedValues,
  refusedValues,
  batches,
  batchFailures,
  batchOutcomes,
  isolation,
  namespaceRules,
  filterEquality,
  filterByValue,
  filterRanges,
  filterLogic,
  listing,
  cursors,
  listNamespaces,
  namespaceLife,
  concurrency,
  vectorScores,
  vectorPages,
  vectorLife,
  indexPaths,
  vectorInfo,
  words,
  agentUse,
];
