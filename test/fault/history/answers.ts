/** Rules for a single result: complete items of the right namespace, without duplicates, in order. */
import { placeOf, type AnsweredSearch, type History } from "./history.ts";
import type { LoggedOperation, Row } from "./log.ts";
import { tagOf } from "./value.ts";
import type { Violation } from "./violation.ts";

/** Verifies all results of a history. */
export function checkAnswers({ rows, searches }: History): Violation[] {
  return [
    ...rows.flatMap(({ call, operation, row }) => {
      const message = faultOf(operation, row);
      return message === null ? [] : [{ rule: "wrong item", message, call }];
    }),
    ...searches.flatMap(checkSearch),
  ];
}

/** Returns the fault of a single item, or null. */
function faultOf(operation: LoggedOperation, row: Row): string | null {
  const place = placeOf(row.namespace, row.key);
  if (row.id === null) return `${place} holds a value that was never written there: ${String(row.found)}`;
  if (operation.kind !== "search") {
    return place === placeOf(operation.kind === "get" ? operation.namespace : [], row.key) ? null : `${place} was not asked for`;
  }
  const { prefix, tag } = operation;
  if (!prefix.every((label, i) => row.namespace[i] === label)) return `${place} is of a foreign namespace`;
  if (tag !== undefined && tagOf(row.id) !== tag) return `${place} holds ${row.id}, which does not match the filter`;
  return null;
}

function checkSearch({ call, operation, answer }: AnsweredSearch): Violation[] {
  const broken: Violation[] = [];
  const places = answer.rows.map(({ namespace, key }) => placeOf(namespace, key));
  const twice = places.find((place, i) => places.indexOf(place) !== i);
  if (twice !== undefined) broken.push({ rule: "twice", message: `${twice} stands twice in one answer`, call });
  if (answer.rows.length > operation.limit) broken.push({ rule: "too many", message: `${answer.rows.length} items`, call });
  const misplaced = operation.query === undefined ? outOfListing(answer.rows) : outOfRank(answer.rows);
  if (misplaced !== null) broken.push({ rule: "order", message: `${misplaced} stands at the wrong place`, call });
  return broken;
}

/** Verifies the order by score, with unscored items last. */
function outOfRank(rows: readonly Row[]): string | null {
  const at = rows.findIndex(({ score }, i) => i > 0 && (score ?? -Infinity) > (rows[i - 1]?.score ?? -Infinity) + 1e-6);
  return at === -1 ? null : placeAt(rows, at);
}

/** Verifies the order by namespace label, oldest first within each. */
function outOfListing(rows: readonly Row[]): string | null {
  const at = rows.findIndex((row, i) => {
    const before = rows[i - 1];
    if (before === undefined) return false;
    const order = compareLabels(before.namespace, row.namespace);
    return order > 0 || (order === 0 && (before.createdAt ?? 0) > (row.createdAt ?? 0));
  });
  return at === -1 ? null : placeAt(rows, at);
}

function placeAt(rows: readonly Row[], at: number): string {
  const row = rows[at];
  return row === undefined ? "" : placeOf(row.namespace, row.key);
}

function compareLabels(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i += 1) {
    const left = a[i] ?? "";
    const right = b[i] ?? "";
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
