/** The rules before, during and after a change of partitions. */
import { QueryError, ValidationError } from "../../model/errors.ts";
import { matchesPattern } from "../../model/namespace.ts";
import type { RebucketOptions } from "../../ports/partitions.ts";
import { BucketRules, type PlacedRule } from "./bucket-rules.ts";
import type { LayoutChange, Layouts } from "./layouts.ts";

/** Returns the rules with one more, before the first that matches all of its namespaces, or in place of the one with its pattern. */
export function withRule({ rules }: BucketRules, rule: PlacedRule): BucketRules {
  const same = rules.findIndex(({ namespace }) => isSame(namespace, rule.namespace));
  if (same !== -1) return new BucketRules(rules.with(same, rule));
  const wider = rules.findIndex(({ namespace }) => matchesPattern(rule.namespace, namespace, "prefix"));
  return new BucketRules(rules.toSpliced(wider === -1 ? rules.length : wider, 0, rule));
}

/** Whether a layout has the requested number of partitions already. */
export function isDone({ rules }: BucketRules, { namespace, buckets }: RebucketOptions): boolean {
  const own = rules.find((rule) => isSame(rule.namespace, namespace));
  return own === undefined ? buckets === 1 && rules.length === 0 : own.buckets === buckets;
}

/** Whether a change is the requested one. */
export function isOf(change: LayoutChange, { namespace, buckets }: RebucketOptions): boolean {
  return change.buckets === buckets && isSame(change.namespace, namespace);
}

/** Whether the layout of a change in the last stage is its new one. */
export function isAborted({ active }: Layouts, change: LayoutChange): boolean {
  return !active.rules.some(({ namespace, buckets, base }) => buckets === change.buckets && isSame(namespace, change.namespace) && base > baseIn(change));
}

/** The base of the changed rule in the layout that is not active; -1 without one. */
function baseIn({ other, namespace }: LayoutChange): number {
  return other.rules.find((rule) => isSame(rule.namespace, namespace))?.base ?? -1;
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((label, i) => label === b[i]);
}

/** The namespaces of a rule, for messages. */
export function nameOf(namespace: readonly string[]): string {
  return namespace.length === 0 ? "all namespaces" : namespace.join(".");
}

/** The error of a request while another change is in progress. */
export function otherChange({ namespace, buckets }: LayoutChange): ValidationError {
  return new ValidationError(
    `The partitions of ${nameOf(namespace)} are being changed to ${buckets}: complete that change with the same namespace and number, or abort it, first.`,
  );
}

/** The error of a change that ended otherwise while it was in progress. */
export function abortedMeanwhile({ namespace, buckets }: RebucketOptions): QueryError {
  return new QueryError(`The change of the partitions of ${nameOf(namespace)} to ${buckets} was aborted by another process: look at rebucket status.`);
}
