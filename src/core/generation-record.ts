/** Which generations of the index exist: one setting that all processes agree on, changed by exchange only. */
import { SchemaError } from "../model/errors.ts";
import type { KeywordLanguage } from "../model/keyword-language.ts";
import type { IndexRule } from "./index-rules.ts";
import { identityText, type ModelIdentity } from "./model-identity.ts";

/** Name of the setting. It is not set before the first reindex: then there is generation 1 only. */
export const GENERATIONS = "generations";

/** What a generation consists of. */
export interface GenerationDescriptor extends ModelIdentity {
  /** Paths of the texts. */
  readonly fields: readonly string[];
  /** Paths by namespace, of which the first matching ones override `fields`; absent for none. */
  readonly rules?: readonly IndexRule[];
  /** Language of the terms; null without terms. */
  readonly keyword: KeywordLanguage | null;
}

/** A generation that exists. */
export interface StoredGeneration extends GenerationDescriptor {
  readonly number: number;
  /** Whether it has the vectors of all records, so that searches may use it; absent while it is being built. */
  readonly isComplete?: boolean;
}

/** The generations that exist. */
export interface GenerationRecord {
  /** The generation that searches use. */
  readonly active: StoredGeneration;
  /** The generation that is being built. */
  readonly next: StoredGeneration | null;
  /** The generation that was active before the switch, until cleanup. */
  readonly previous: StoredGeneration | null;
  /** A generation that is no longer used, but whose vectors are not deleted yet. */
  readonly removed: StoredGeneration | null;
  /** Highest number that was ever used. */
  readonly last: number;
}

/** The setting as read. */
export interface ReadGenerations {
  readonly text: string | null;
  /** Null before the first reindex. */
  readonly record: GenerationRecord | null;
}

/** Parses the setting. */
export function parseGenerations(text: string | null): ReadGenerations {
  return { text, record: text === null ? null : (JSON.parse(text) as GenerationRecord) };
}

/** Returns the generations that exist. */
function existing({ active, next, previous }: GenerationRecord): StoredGeneration[] {
  return [active, next, previous].filter((each) => each !== null);
}

/** Returns whether two generations hold the same vectors and terms. */
export function isSameGeneration(one: GenerationDescriptor, other: GenerationDescriptor): boolean {
  return identityText(one) === identityText(other) && one.keyword === other.keyword && textOf(one) === textOf(other);
}

/** Returns a text that is equal for equal fields and rules. */
function textOf({ fields, rules = [] }: GenerationDescriptor): string {
  return JSON.stringify([fields, rules.map(({ namespace, fields: own }) => [namespace, own])]);
}

function withoutRules(generation: GenerationDescriptor): GenerationDescriptor {
  return { ...generation, rules: [] };
}

/** Returns the numbers of the configured generations; null for those that do not exist. */
function numbersOf(record: GenerationRecord, configured: readonly GenerationDescriptor[]): (number | null)[] {
  const { active, previous } = record;
  const numbers = configured.map((each) => existing(record).find((stored) => isSameGeneration(stored, each))?.number ?? null);
  for (const [i, each] of configured.entries()) {
    if (numbers[i] !== null) continue;
    // A change of rules applies to new writes. Not to those of a generation that is being built: its other items follow the rules before.
    const changed = [active, previous].find((stored) => stored !== null && !numbers.includes(stored.number) && isSameGeneration(withoutRules(stored), withoutRules(each)));
    numbers[i] = changed?.number ?? null;
  }
  const [main] = configured;
  if (numbers[0] === null && !numbers.includes(active.number) && main !== undefined && identityText(main) === identityText(active)) numbers[0] = active.number;
  return numbers;
}

/** Which of the generations that exist the configured ones are. */
export interface Resolution {
  /** Number of each configured generation; null if it does not exist. */
  readonly numbers: readonly (number | null)[];
  /** Position of the configured generation that this process searches. */
  readonly active: number;
  /** Position of another configured one that exists; null for none. */
  readonly other: number | null;
  /** Whether a generation exists that is not configured. */
  readonly hasUnknown: boolean;
}

/**
 * Returns which generations the configured ones are: `index`, and `index.next` if it is set. The model of `index` decides; its
 * fields, rules and keyword settings may differ from those of the active generation, as their changes apply to new writes.
 *
 * @throws {SchemaError} when this process can search none of those that exist.
 */
export function resolveGenerations(record: GenerationRecord | null, configured: readonly GenerationDescriptor[]): Resolution {
  if (record === null) return { numbers: configured.map((_, i) => (i === 0 ? 1 : null)), active: 0, other: null, hasUnknown: false };
  const { active, next, previous } = record;
  const [main] = configured;
  const numbers = numbersOf(record, configured);
  // A process that knows only the generation before continues with it until cleanup.
  const position = [active.number, previous?.number].map((number) => numbers.indexOf(number ?? null)).find((found) => found >= 0 && numbers[found] !== null);
  if (position === undefined) throw notConfigured(record, next !== null && main !== undefined && isSameGeneration(next, main));
  const other = numbers.findIndex((number, i) => number !== null && i !== position);
  return { numbers, active: position, other: other < 0 ? null : other, hasUnknown: existing(record).some(({ number }) => !numbers.includes(number)) };
}

function notConfigured({ active }: GenerationRecord, isNext: boolean): SchemaError {
  const stored = identityText(active);
  return new SchemaError(
    isNext
      ? `The configured index is being built by reindex, and searches still use ${stored}: configure that one as index and the new one as index.next until the switch.`
      : `The active generation ${active.number} of the index was made by ${stored} from the fields ${JSON.stringify(active.fields)}, which is not the configured index. ` +
          "Configure that one; or configure it as index and the new one as index.next, and run: scylladb-store reindex",
    { details: { stored } },
  );
}
