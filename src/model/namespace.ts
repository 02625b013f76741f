/**
 * Namespaces: a list of labels, such as `["users", "42"]`, and its path, the labels joined by ".". No label may hold
 * ".", as LangGraph rules, so the path is injective: two namespaces never share one, and `p` is an ancestor of `q`
 * exactly when `q` starts with `p.`. Labels may hold anything else, ":" and "/" included.
 */
import { InvalidNamespaceError } from "@langchain/langgraph-checkpoint";
import { kindOf } from "./errors.ts";

/** Stands between the labels of a path. */
export const SEPARATOR = ".";

/** Path of the empty namespace, the root of the store. */
export const ROOT = "";

/** The longest path, in UTF-8 bytes: a CQL key ends at 64 KiB, and the place of a path (`namespace-place.ts`) may be longer than it. */
export const MAX_PATH_BYTES = 16_384;

/** The longest label by default, in UTF-8 bytes: what is stored once is read by every later listing. */
export const DEFAULT_LABEL_BYTES = 512;

/** The deepest namespace. */
export const MAX_LABELS = 64;

/** Bounds of namespaces. */
export interface NamespaceLimits {
  /** Longest label, in UTF-8 bytes. */
  readonly maxLabelBytes: number;
  /** Most labels. */
  readonly maxNamespaceLabels: number;
}

const WIDEST: NamespaceLimits = { maxLabelBytes: MAX_PATH_BYTES, maxNamespaceLabels: MAX_LABELS };

/** Where labels are used: what holds items is stricter than what is asked for. */
export interface LabelRules {
  /** Bounds in force; the widest that can be stored by default. */
  readonly limits?: NamespaceLimits;
  /** Whether `[]`, the root, may stand here. */
  readonly allowEmpty?: boolean;
  /** Whether the root label `langgraph`, which LangGraph keeps for itself, may stand here. */
  readonly allowReservedRoot?: boolean;
}

/**
 * Checks that `namespace` is a list of labels and returns its path.
 *
 * @throws {InvalidNamespaceError} (LangGraph's own) naming the position and kind of the label that is wrong. Its message
 *   contains LangGraph's sentence for the case: callers match on it.
 */
export function toPath(namespace: unknown, rules: LabelRules = {}): string {
  if (!Array.isArray(namespace)) {
    throw new InvalidNamespaceError(`Namespace must be an array of strings, but got ${kindOf(namespace)}.`);
  }
  if (namespace.length === 0) {
    if (rules.allowEmpty) return ROOT;
    throw new InvalidNamespaceError("Namespace cannot be empty. Give at least one label.");
  }
  const limits = rules.limits ?? WIDEST;
  // Before the labels are looked at: a list of millions shall cost nothing.
  checkDepth(namespace.length, limits, "");
  const labels: string[] = [];
  // By position, so that a hole is met too; `Array.from` took as long as all the checks.
  for (let i = 0; i < namespace.length; i += 1) labels.push(checkLabel(namespace[i], i, limits));
  if (labels[0] === "langgraph" && !rules.allowReservedRoot) {
    throw new InvalidNamespaceError('Root label for namespace cannot be "langgraph". LangGraph keeps it for itself.');
  }
  const path = labels.join(SEPARATOR);
  checkBytes(path, "");
  return path;
}

/**
 * The path of a namespace below the root of a view. The whole of it is held against the bounds: views may lie in views.
 *
 * @throws {InvalidNamespaceError} as {@link toPath}.
 */
export function toPathWithin(scope: string, namespace: unknown, rules: LabelRules): string {
  const path = join(scope, toPath(namespace, rules));
  if (scope === ROOT) return path;
  const within = ", the root of its view included";
  checkDepth(toLabels(path).length, rules.limits ?? WIDEST, within);
  checkBytes(path, within);
  return path;
}

function checkDepth(labels: number, { maxNamespaceLabels }: NamespaceLimits, within: string): void {
  if (labels <= maxNamespaceLabels) return;
  throw new InvalidNamespaceError(
    `Namespace has ${labels} labels${within}; at most ${maxNamespaceLabels} are stored (limits.maxNamespaceLabels), as ` +
      "each of its prefixes is indexed.",
  );
}

function checkBytes(path: string, within: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH_BYTES) return;
  throw new InvalidNamespaceError(
    `Namespace is ${bytes} bytes long${within}; at most ${MAX_PATH_BYTES} can be stored: shorten its labels.`,
  );
}

function checkLabel(label: unknown, position: number, { maxLabelBytes }: NamespaceLimits): string {
  const at = `Invalid namespace label at position ${position}`;
  if (typeof label !== "string") {
    throw new InvalidNamespaceError(`${at}. Namespace labels must be strings, but got ${typeNameOf(label)}.`);
  }
  if (label === "") throw new InvalidNamespaceError(`${at}. Namespace labels cannot be empty strings.`);
  if (label.includes(SEPARATOR)) {
    throw new InvalidNamespaceError(`${at}. Namespace labels cannot contain periods ('.').`);
  }
  if (!label.isWellFormed()) {
    throw new InvalidNamespaceError(`${at}: it holds a lone surrogate, which no database can store.`);
  }
  const bytes = Buffer.byteLength(label);
  if (bytes > maxLabelBytes) {
    throw new InvalidNamespaceError(`${at}: it is ${bytes} bytes long; at most ${maxLabelBytes} are (limits.maxLabelBytes).`);
  }
  return label;
}

/** The type in LangGraph's words, which callers match on; where it says "object", what kind of object follows. */
function typeNameOf(label: unknown): string {
  const kind = kindOf(label);
  return kind === typeof label ? kind : `${typeof label} (${kind})`;
}

/** The labels of a path; the inverse of {@link toPath}. */
export function toLabels(path: string): string[] {
  return path === ROOT ? [] : path.split(SEPARATOR);
}

/** Whether the namespace at `path` is the one at `prefix` or lies below it, by whole labels. */
export function isWithin(prefix: string, path: string): boolean {
  return prefix === ROOT || path === prefix || path.startsWith(prefix + SEPARATOR);
}

/** Joins a prefix and a path below it. */
export function join(prefix: string, path: string): string {
  if (prefix === ROOT) return path;
  return path === ROOT ? prefix : prefix + SEPARATOR + path;
}

/** The path itself and every path above it, the root last. */
export function ancestors(path: string): string[] {
  const paths: string[] = [];
  for (let end = path.length; end > 0; end = path.lastIndexOf(SEPARATOR, end - 1)) paths.push(path.slice(0, end));
  paths.push(ROOT);
  return paths;
}

/** Orders two label lists label by label, each by UTF-16 code units; a list comes right after its own prefix. */
export function compareLabels(a: readonly string[], b: readonly string[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i += 1) {
    const left = a[i] as string;
    const right = b[i] as string;
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

/** Orders two paths as {@link compareLabels} orders their labels, without taking them apart: thousands are sorted by it. */
export function comparePaths(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  let i = 0;
  while (i < shared && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  if (i === shared) return a.length - b.length;
  // Where one label ends and the other goes on, the one that ends is the prefix of the other.
  if (a[i] === SEPARATOR) return -1;
  if (b[i] === SEPARATOR) return 1;
  return a.charCodeAt(i) - b.charCodeAt(i);
}

/** Matches any one label in a condition or a rule. */
export const ANY_LABEL = "*";

/** Whether `labels` begins (`prefix`) or ends (`suffix`) with `pattern`, in which `*` stands for any one label. */
export function matchesPattern(
  labels: readonly string[],
  pattern: readonly string[],
  where: "prefix" | "suffix",
): boolean {
  if (pattern.length > labels.length) return false;
  const start = where === "prefix" ? 0 : labels.length - pattern.length;
  return pattern.every((label, i) => label === ANY_LABEL || label === labels[start + i]);
}
