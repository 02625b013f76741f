/**
 * Paths of namespaces. Apart from `namespace.ts`, which loads LangGraph: the threads of the local file, which need paths only, start in a
 * third of the time without it.
 */

/** Separates the labels of a path. */
export const SEPARATOR = ".";

/** Path of the empty namespace, the root of the store. */
export const ROOT = "";

/** Returns the labels of a path; the inverse of `toPath`. */
export function toLabels(path: string): string[] {
  return path === ROOT ? [] : path.split(SEPARATOR);
}

/** Whether the namespace at `path` is the one at `prefix` or below it, by entire labels. */
export function isWithin(prefix: string, path: string): boolean {
  return prefix === ROOT || path === prefix || path.startsWith(prefix + SEPARATOR);
}

/** Joins a prefix and a path below it. */
export function join(prefix: string, path: string): string {
  if (prefix === ROOT) return path;
  return path === ROOT ? prefix : prefix + SEPARATOR + path;
}

/** Returns the path and all its ancestors, the root last. */
export function ancestors(path: string): string[] {
  const paths: string[] = [];
  for (let end = path.length; end > 0; end = path.lastIndexOf(SEPARATOR, end - 1)) paths.push(path.slice(0, end));
  paths.push(ROOT);
  return paths;
}

/** Compares two lists of labels, label by label, by UTF-16 code units; a prefix sorts before its extensions. */
export function compareLabels(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const left = a[i] as string;
    const right = b[i] as string;
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Characters that are compared at once. */
const CHUNK = 256;

/** Compares two paths as {@link compareLabels} compares their labels, without splitting them, for speed. */
export function comparePaths(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  let i = 0;
  // Long common beginnings are compared as native strings, many characters at once.
  while (i + CHUNK <= shared && a.slice(i, i + CHUNK) === b.slice(i, i + CHUNK)) i += CHUNK;
  while (i < shared && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  if (i === shared) return a.length - b.length;
  // At the first difference, a label that ends is a prefix of the other label.
  if (a[i] === SEPARATOR) return -1;
  if (b[i] === SEPARATOR) return 1;
  return a.charCodeAt(i) - b.charCodeAt(i);
}
