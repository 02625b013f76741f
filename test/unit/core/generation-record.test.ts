import { expect, test } from "vitest";
import { resolveGenerations, type GenerationDescriptor, type GenerationRecord } from "../../../src/core/generation-record.ts";

const descriptor = (model: string, more: Partial<GenerationDescriptor> = {}): GenerationDescriptor => ({ model, dims: 4, metric: "cosine", fields: ["text"], keyword: "english", ...more });
const [A, B] = [descriptor("a"), descriptor("b")];
const stored = (number: number, of: GenerationDescriptor) => ({ number, ...of });

/** The same as A, with other rules. */
const rules = [{ namespace: ["logs"], fields: false as const }];
const RULED = descriptor("a", { rules });
const OTHER_RULES = descriptor("a", { rules: [{ namespace: ["logs"], fields: ["title"] }] });
const buildingRules: GenerationRecord = { active: stored(1, A), next: stored(2, RULED), previous: null, removed: null, last: 2 };

/** The setting in each state of a reindex from A to B. */
const building: GenerationRecord = { active: stored(1, A), next: stored(2, B), previous: null, removed: null, last: 2 };
const switched: GenerationRecord = { active: stored(2, B), next: null, previous: stored(1, A), removed: null, last: 2 };
const cleaned: GenerationRecord = { active: stored(2, B), next: null, previous: null, removed: null, last: 2 };

test.each([
  ["before the first reindex", null, [A, B], { numbers: [1, null], active: 0, other: null, hasUnknown: false }],
  ["both, while the next is built", building, [A, B], { numbers: [1, 2], active: 0, other: 1, hasUnknown: false }],
  ["only the old one, while the next is built", building, [A], { numbers: [1], active: 0, other: null, hasUnknown: true }],
  ["both, after the switch", switched, [A, B], { numbers: [1, 2], active: 1, other: 0, hasUnknown: false }],
  ["only the old one, after the switch", switched, [A], { numbers: [1], active: 0, other: null, hasUnknown: true }],
  ["only the new one, after the switch", switched, [B], { numbers: [2], active: 0, other: null, hasUnknown: true }],
  ["both, after cleanup", cleaned, [A, B], { numbers: [null, 2], active: 1, other: null, hasUnknown: false }],
  ["only the new one, after cleanup", cleaned, [B], { numbers: [2], active: 0, other: null, hasUnknown: false }],
  ["another next one than the one that is built", building, [A, descriptor("c")], { numbers: [1, null], active: 0, other: null, hasUnknown: true }],
  ["other fields of the active model, which apply to new writes", cleaned, [descriptor("b", { fields: ["title"] })], { numbers: [2], active: 0, other: null, hasUnknown: false }],
  ["other rules of the active model, which apply to new writes", building, [RULED, B], { numbers: [1, 2], active: 0, other: 1, hasUnknown: false }],
  ["both rules, while the next ones are applied", buildingRules, [A, RULED], { numbers: [1, 2], active: 0, other: 1, hasUnknown: false }],
  ["only the old rules, while the next ones are applied", buildingRules, [A], { numbers: [1], active: 0, other: null, hasUnknown: true }],
  ["other rules than those that are applied", buildingRules, [A, OTHER_RULES], { numbers: [1, null], active: 0, other: null, hasUnknown: true }],
  ["other rules of both, after the switch", { ...switched, active: stored(2, RULED), previous: stored(1, B) }, [descriptor("b", { rules }), OTHER_RULES], { numbers: [1, 2], active: 1, other: 0, hasUnknown: false }],
] as const)("a process that knows %s", (_, record, configured, expected) => {
  expect(resolveGenerations(record, configured)).toEqual(expected);
});

test.each([
  ["the old one after cleanup", cleaned, [A], "scylladb-store reindex"],
  ["an unknown model", building, [descriptor("c")], "scylladb-store reindex"],
  ["only the next one before the switch", building, [B], "is being built by reindex"],
] as const)("a process that knows %s is rejected with what to configure", (_, record, configured, message) => {
  expect(() => resolveGenerations(record, configured)).toThrow(message);
});
