/**
 * Namespaces: a list of labels, such as `["users", "42"]`, and its path, the labels joined by ".". LangGraph forbids "." in
 * labels, so paths are injective, and `p` is an ancestor of `q` exactly when `q` starts with `p.`. Labels may contain any
 * other character, including ":" and "/".
 */
import { InvalidNamespaceError } from "@langchain/langgraph-checkpoint";
import { kindOf } from "./errors.ts";
import { join, ROOT, SEPARATOR, toLabels } from "./namespace-path.ts";

export * from "./namespace-path.ts";

/** Longest path, in UTF-8 bytes: CQL limits keys to 64 KiB, and the place of a path (`namespace-place.ts`) may be longer than the path. */
export const MAX_PATH_BYTES = 16_384;

/** Default of the longest label, in UTF-8 bytes: every later listing reads a stored label. */
export const DEFAULT_LABEL_BYTES = 512;

/** Most labels of a namespace. */
export const MAX_LABELS = 64;

/** Bounds of namespaces. */
export interface NamespaceLimits {
  /** Longest label, in UTF-8 bytes. */
  readonly maxLabelBytes: number;
  /** Most labels. */
  readonly maxNamespaceLabels: number;
}

const WIDEST: NamespaceLimits = { maxLabelBytes: MAX_PATH_BYTES, maxNamespaceLabels: MAX_LABELS };

/** Rules for labels; namespaces of items are stricter than prefixes. */
export interface LabelRules {
  /** Active bounds; by default the largest that can be stored. */
  readonly limits?: NamespaceLimits;
  /** Whether `[]`, the root, is allowed. */
  readonly allowEmpty?: boolean;
  /** Whether the root label `langgraph`, which LangGraph reserves, is allowed. */
  readonly allowReservedRoot?: boolean;
}

/**
 * Validates a namespace and returns its path.
 *
 * @throws {InvalidNamespaceError} (LangGraph's class) naming position and kind of the invalid label. The message contains
 *   LangGraph's own sentence, because callers match on it.
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
  // Before the labels are read, so that a list of millions is cheap to reject.
  checkDepth(namespace.length, limits, "");
  const labels: string[] = [];
  // By position, so that holes are checked too; `Array.from` would double the cost.
  for (let i = 0; i < namespace.length; i += 1) labels.push(checkLabel(namespace[i], i, limits));
  if (labels[0] === "langgraph" && !rules.allowReservedRoot) {
    throw new InvalidNamespaceError('Root label for namespace cannot be "langgraph". LangGraph reserves it.');
  }
  const path = labels.join(SEPARATOR);
  checkBytes(path, "");
  return path;
}

/**
 * Returns the path of a namespace below the root of a view. The bounds apply to the entire path, because views may be nested.
 *
 * @throws {InvalidNamespaceError} as {@link toPath}.
 */
export function toPathWithin(scope: string, namespace: unknown, rules: LabelRules): string {
  const path = join(scope, toPath(namespace, rules));
  if (scope === ROOT) return path;
  const within = ", including the root of its view";
  checkDepth(toLabels(path).length, rules.limits ?? WIDEST, within);
  checkBytes(path, within);
  return path;
}

function checkDepth(labels: number, { maxNamespaceLabels }: NamespaceLimits, within: string): void {
  if (labels <= maxNamespaceLabels) return;
  throw new InvalidNamespaceError(
    `Namespace has ${labels} labels${within}; at most ${maxNamespaceLabels} are allowed (limits.maxNamespaceLabels), because ` +
      "each of its prefixes is indexed.",
  );
}

function checkBytes(path: string, within: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_PATH_BYTES) return;
  throw new InvalidNamespaceError(
    `Namespace is ${bytes} bytes long${within}; at most ${MAX_PATH_BYTES} are allowed: shorten its labels.`,
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
    throw new InvalidNamespaceError(`${at}: it contains a lone surrogate, which cannot be stored.`);
  }
  const bytes = Buffer.byteLength(label);
  if (bytes > maxLabelBytes) {
    throw new InvalidNamespaceError(`${at}: it is ${bytes} bytes long; at most ${maxLabelBytes} are allowed (limits.maxLabelBytes).`);
  }
  return label;
}

/** The type in LangGraph's wording, which callers match on, and the kind of an object. */
function typeNameOf(label: unknown): string {
  const kind = kindOf(label);
  return kind === typeof label ? kind : `${typeof label} (${kind})`;
}

/** Matches any one label in a condition or a rule. */
export const ANY_LABEL = "*";

/** Whether `labels` begins (`prefix`) or ends (`suffix`) with `pattern`, in which `*` matches any one label. */
export function matchesPattern(
  labels: readonly string[],
  pattern: readonly string[],
  where: "prefix" | "suffix",
): boolean {
  if (pattern.length > labels.length) return false;
  const start = where === "prefix" ? 0 : labels.length - pattern.length;
  return pattern.every((label, i) => label === ANY_LABEL || label === labels[start + i]);
}
