import { randomUUID } from "node:crypto";
import type { IndexConfig } from "@langchain/langgraph-checkpoint";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FAMILIES } from "./cases/index.ts";
import { DEFAULT_CLAIMS, type ClaimName, type StoreClaims } from "./claims.ts";
import type { CaseContext, CaseFamily, ConformanceCase } from "./conformance-case.ts";
import { present } from "./expectations.ts";
import type { ConformanceStore, StoreConformanceHarness } from "./harness.ts";
import { createSettings, type Setting, type SettingName } from "./settings.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const SETTING_NAMES: readonly SettingName[] = ["plain", "compass", "words"];

/** The required claims of a case that the store does not make. */
function missingClaims(one: ConformanceCase, claims: StoreClaims): ClaimName[] {
  return (one.claims ?? []).filter((claim) => !claims[claim]);
}

/**
 * Validates a harness: its cases and claims must exist, and declared differences must not concern skipped cases. Throws an
 * error that names the mistake.
 */
export function checkHarness(harness: StoreConformanceHarness): StoreClaims {
  for (const claim of Object.keys(harness.claims ?? {})) {
    if (!Object.hasOwn(DEFAULT_CLAIMS, claim)) throw new Error(`claims.${claim}: there is no such claim`);
  }
  const claims = { ...DEFAULT_CLAIMS, ...harness.claims };
  const cases = new Map(FAMILIES.flatMap((family) => family.cases).map((one) => [one.id, one]));
  for (const id of Object.keys(harness.differences ?? {})) {
    const one = cases.get(id);
    if (one === undefined) throw new Error(`differences["${id}"]: there is no such case`);
    const missing = missingClaims(one, claims);
    if (missing.length > 0) {
      throw new Error(`differences["${id}"]: the case is skipped, because ${missing.join(" and ")} is not claimed`);
    }
  }
  return claims;
}

/** Runs a case that must fail, and rejects if it passes. */
export async function expectDifference(run: () => Promise<void>, why: string): Promise<void> {
  const outcome = await Promise.allSettled([run()]);
  if (outcome[0].status === "fulfilled") {
    throw new Error(`The difference no longer exists; remove it from the harness. It was declared as: ${why}`);
  }
}

function registerCase(one: ConformanceCase, harness: StoreConformanceHarness, context: () => CaseContext): void {
  const timeout = harness.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const why = harness.differences?.[one.id];
  if (why === undefined) {
    test(`${one.id}: ${one.title}`, { timeout }, () => one.run(context()));
    return;
  }
  test(`${one.id}: ${one.title} (declared difference: ${why})`, { timeout }, () => {
    // Before the case runs: a store that cannot be created is a failure, not a difference.
    const given = context();
    return expectDifference(() => one.run(given), why);
  });
}

function indexOf(setting: Setting): IndexConfig | undefined {
  if (!setting.indexed) return undefined;
  const index: IndexConfig = { dims: setting.embeddings.dims, embeddings: setting.embeddings };
  return setting.fields === undefined ? index : { ...index, fields: [...setting.fields] };
}

function registerSetting(
  name: SettingName,
  families: readonly CaseFamily[],
  claims: StoreClaims,
  harness: StoreConformanceHarness,
): void {
  const timeout = harness.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const setting = createSettings()[name];
  let made: ConformanceStore | undefined;
  beforeAll(async () => {
    const index = indexOf(setting);
    made = await harness.create(index === undefined ? {} : { index });
  }, timeout);
  afterAll(async () => made?.dispose(), timeout);

  const context = (): CaseContext => {
    const root = `case-${randomUUID()}`;
    const { store } = present(made, "the store");
    return { store, root, ns: (...labels) => [root, ...labels], embeddings: setting.embeddings };
  };
  for (const family of families) {
    const applying = family.cases.filter((one) => missingClaims(one, claims).length === 0);
    if (applying.length === 0) continue;
    describe(family.name, () => {
      for (const one of applying) registerCase(one, harness, context);
    });
  }
}

function registerLeftOut(claims: StoreClaims): void {
  const leftOut = FAMILIES.flatMap((family) => family.cases).filter((one) => missingClaims(one, claims).length > 0);
  if (leftOut.length === 0) return;
  describe("not claimed", () => {
    for (const claim of Object.keys(claims) as ClaimName[]) {
      const ids = leftOut.filter((one) => missingClaims(one, claims).includes(claim)).map((one) => one.id);
      if (ids.length === 0) continue;
      test(`${claim}: skips ${ids.length} cases: ${ids.join(", ")}`, () => {
        expect(claims[claim]).toBe(false);
      });
    }
  });
}

/**
 * Registers vitest cases that verify a store against the contract of LangGraph's `BaseStore`. Call it at the top level of a
 * test file. Creates a few stores with `harness.create`, which many cases share; each case uses its own root label, so other
 * tests may use the stores concurrently.
 *
 * Throws when the harness names an unknown case or claim.
 */
export function storeConformance(harness: StoreConformanceHarness): void {
  const claims = checkHarness(harness);
  describe(`${harness.name} keeps the contract of BaseStore`, () => {
    for (const name of SETTING_NAMES) {
      const families = FAMILIES.filter((family) => family.setting === name);
      describe(name, () => {
        registerSetting(name, families, claims, harness);
      });
    }
    registerLeftOut(claims);
  });
}
