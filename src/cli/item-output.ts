/** Items as commands print them: JSON with the forms of typed values, as in exports. */
import type { Item, SearchItem } from "../call-options.ts";
import { encodeValue } from "../model/value-codec.ts";
import { tableLines } from "./table.ts";

/** Returns a value as JSON; types that JSON lacks have the form of exports: `{"~date":"2026-01-01T00:00:00.000Z"}`. */
function valueJson(value: unknown): { readonly value: unknown; readonly typed: boolean } {
  const { bytes, typed } = encodeValue(value, { maxValueBytes: Number.MAX_SAFE_INTEGER });
  return { value: JSON.parse(Buffer.from(bytes).toString("utf8")) as unknown, typed };
}

/** An item for JSON output. */
export function itemJson(item: Item | SearchItem): object {
  const { namespace, key, value, createdAt, updatedAt } = item;
  const { value: json, typed } = valueJson(value);
  const score = "score" in item ? { score: item.score ?? null } : {};
  return { namespace, key, value: json, ...(typed ? { typed } : {}), ...score, createdAt, updatedAt };
}

/** Lines of a table of items. */
export function itemLines(items: readonly (Item | SearchItem)[], scored: boolean): string[] {
  const head = [...(scored ? ["score"] : []), "namespace", "key", "updated", "value"];
  return tableLines(
    head,
    items.map((item) => [
      ...(scored ? ["score" in item && item.score !== undefined ? item.score.toFixed(3) : "-"] : []),
      item.namespace.join("."),
      item.key,
      item.updatedAt.toISOString().slice(0, 19).replace("T", " "),
      JSON.stringify(valueJson(item.value).value),
    ]),
  );
}
