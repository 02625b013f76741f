/** Tables of text for terminals. */

/** Longest cell, in characters; the rest is replaced by an ellipsis. `--json` shows everything. */
const MAX_CELL = 100;

/** Lines of a table with aligned columns. */
export function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => (row[i] ?? "").length)));
  return cells.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd());
}

/** Lines of names and values, aligned. */
export function fieldLines(fields: Readonly<Record<string, unknown>>): string[] {
  const width = Math.max(0, ...Object.keys(fields).map((name) => name.length));
  return Object.entries(fields).map(([name, value]) => `${name.padEnd(width)}  ${textOf(value)}`.trimEnd());
}

/** A value for people: numbers with separators, objects as JSON. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "number") return value.toLocaleString("en-US");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function oneLine(cell: string): string {
  // Control characters of stored text could move the cursor or change colors.
  const clean = cell.replaceAll(/\p{Cc}/gu, " ");
  return clean.length <= MAX_CELL ? clean : `${clean.slice(0, MAX_CELL - 1)}…`;
}
