import { describe, expect, test } from "vitest";
import { isProviderOutage } from "../../../src/model/embedding-error.ts";
import { DividedEmbeddings } from "../../../src/resilience/divided-embeddings.ts";

/** A provider that throws what `failure` returns for the texts of a call, and embeds other calls. */
function providerOf(failure: (texts: readonly string[]) => unknown): { calls: string[][]; provider: DividedEmbeddings } {
  const calls: string[][] = [];
  const embed = async (texts: string[]): Promise<number[][]> => {
    calls.push(texts);
    await Promise.resolve();
    const error = failure(texts);
    if (error !== undefined) throw error;
    return texts.map(({ length }) => [length, 1]);
  };
  return { calls, provider: new DividedEmbeddings({ embedDocuments: embed, embedQuery: async (text) => (await embed([text]))[0] as number[] }) };
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `text ${i}`);
const plain = (): Error => new Error("something went wrong");
const rejection = (): Error => Object.assign(new Error("rejected"), { cause: { status: 400 } });
const statuses = (outcomes: readonly PromiseSettledResult<unknown>[]): boolean[] => outcomes.map(({ status }) => status === "fulfilled");

describe.each([
  ["a 400", rejection, "input"],
  ["an unknown reason", plain, "suspect-input"],
])("%s", (_, error, fault) => {
  test.each([0, 63, 127])("rejected text %i of 128 fails alone, by halving", async (bad) => {
    const { calls, provider } = providerOf((given) => (given.includes(`text ${bad}`) ? error() : undefined));
    const outcomes = await provider.embedDocuments(texts(128));
    expect(statuses(outcomes)).toEqual(texts(128).map((text) => text !== `text ${bad}`));
    expect(outcomes[bad]).toMatchObject({ reason: { code: "EMBEDDING", details: { fault } } });
    expect(isProviderOutage((outcomes[bad] as PromiseRejectedResult).reason)).toBe(false);
    expect(calls.length).toBeLessThanOrEqual(16);
  });

  test("several rejected texts fail alone", async () => {
    const isBad = (text: string): boolean => text === "text 5" || text === "text 6" || text === "text 90";
    const { provider } = providerOf((given) => (given.some(isBad) ? error() : undefined));
    expect(statuses(await provider.embedDocuments(texts(100)))).toEqual(texts(100).map((text) => !isBad(text)));
  });

  test("a single rejected text or query is no outage", async () => {
    const { provider } = providerOf((given) => (given.includes("bad") ? error() : undefined));
    const lone = await provider.embedDocuments(["bad"]).then(
      ([outcome]) => (outcome as PromiseRejectedResult).reason as unknown,
      (reason: unknown) => reason,
    );
    expect(lone).toMatchObject({ details: { fault } });
    expect(isProviderOutage(lone)).toBe(false);
    const query = await provider.embedQuery("bad").catch((reason: unknown) => reason);
    expect(query).toMatchObject({ details: { fault } });
    expect(isProviderOutage(query)).toBe(false);
  });
});

test("a provider that rejects every text but the control text reports each text as rejected", async () => {
  const { provider } = providerOf((given) => (given[0]?.startsWith("ok") === true ? undefined : rejection()));
  const outcomes = await provider.embedDocuments(texts(20));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { details: { fault: "input", characters: expect.any(Number) as number } } });
});

const FAULTS = [
  ...[414, 424, 431, 451].map((status) => ({ status, fault: "input", retryable: false })),
  ...[501, 502, 503, 504].map((status) => ({ status, fault: "suspect-input", retryable: true })),
];

test.each(FAULTS)("a text that the provider answers with $status fails alone as $fault, and so does a query", async ({ status, fault, retryable }) => {
  const { provider } = providerOf((given) => (given.includes("text 5") ? { status } : undefined));
  const outcomes = await provider.embedDocuments(texts(128));
  expect(statuses(outcomes)).toEqual(texts(128).map((text) => text !== "text 5"));
  expect(outcomes[5]).toMatchObject({ reason: { retryable, details: { fault, status } } });
  await expect(provider.embedQuery("text 5")).rejects.toMatchObject({ retryable, details: { fault, status } });
});

test.each([500, 503])("no text of a group is blamed when every second call fails with %i", async (status) => {
  let count = 0;
  const { calls, provider } = providerOf(() => {
    count += 1;
    return count % 2 === 1 ? { status } : undefined;
  });
  expect(statuses(await provider.embedDocuments(texts(7))).every(Boolean)).toBe(true);
  expect(calls.length).toBeLessThanOrEqual(3 * 7);
});

test.each([
  [402, "refused"],
  [410, "refused"],
  [500, "unknown"],
  [503, "unavailable"],
])("a provider that answers every call with %i is called a few times", async (status, fault) => {
  const { calls, provider } = providerOf(() => ({ status }));
  await expect(provider.embedDocuments(texts(128))).rejects.toMatchObject({ details: { fault, status } });
  expect(calls.length).toBeLessThanOrEqual(4);
  await expect(provider.embedQuery("text")).rejects.toMatchObject({ details: { fault, status } });
  expect(calls.length).toBeLessThanOrEqual(6);
});

test.each<[string, () => unknown]>([
  ["a 503 with retry-after", () => ({ status: 503, headers: { "retry-after": "2" } })],
  ["a timeout of the client", () => Object.assign(new Error("late"), { name: "TimeoutError" })],
  ["a refused connection", () => Object.assign(new Error("refused"), { code: "ECONNREFUSED" })],
])("a group that fails with %s is not split", async (_, failure) => {
  const { calls, provider } = providerOf(failure);
  await expect(provider.embedDocuments(texts(128))).rejects.toMatchObject({ details: { fault: "unavailable" } });
  expect(calls).toHaveLength(1);
});

test.each([401, 403, 404, 408, 429])("a group that fails with %i is not split", async (status) => {
  const { calls, provider } = providerOf(() => ({ status }));
  await expect(provider.embedDocuments(texts(128))).rejects.toMatchObject({ details: { status } });
  expect(calls).toHaveLength(1);
});

test("a provider that always answers with a wrong number of vectors is called a few times", async () => {
  let calls = 0;
  const embedDocuments = async (): Promise<number[][]> => {
    calls += 1;
    return [];
  };
  const provider = new DividedEmbeddings({ embedDocuments, embedQuery: async () => [1] });
  await expect(provider.embedDocuments(texts(128))).rejects.toMatchObject({ message: expect.stringContaining("answered with 0 vectors") as string, details: { fault: "wrong-answer" } });
  expect(calls).toBeLessThanOrEqual(4);
});

test("a provider that is down for an unknown reason is reported as unavailable after a few calls", async () => {
  const { calls, provider } = providerOf(plain);
  const error = await provider.embedDocuments(texts(128)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "EMBEDDING", retryable: true, details: { fault: "unknown" } });
  expect(isProviderOutage(error)).toBe(true);
  expect(calls.length).toBeLessThanOrEqual(4);
});

test("a provider that rejects every request with 400 is called a bounded number of times", async () => {
  const { calls, provider } = providerOf(rejection);
  const error = await provider.embedDocuments(texts(128)).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ retryable: false, details: { fault: "input", status: 400 } });
  expect(isProviderOutage(error)).toBe(false);
  expect(calls.length).toBeLessThanOrEqual(12);
});

test.each([
  ["a few good texts among many bad ones", (i: number) => i % 50 !== 49],
  ["good and bad texts in turn", (i: number) => i % 2 === 0],
  ["a bad text in each tenth", (i: number) => i % 10 === 3],
])("only bad texts fail for an unknown reason: %s", async (_, isBad) => {
  const bad = new Set(texts(128).filter((_text, i) => isBad(i)));
  const { calls, provider } = providerOf((given) => (given.some((text) => bad.has(text)) ? plain() : undefined));
  expect(statuses(await provider.embedDocuments(texts(128)))).toEqual(texts(128).map((text) => !bad.has(text)));
  expect(calls.length).toBeLessThanOrEqual(3.4 * 128);
});

test("an outage that starts while texts are divided ends it after a few calls, and is the reason of the texts that were not sent", async () => {
  let count = 0;
  const { calls, provider } = providerOf((given) => {
    count += 1;
    return count > 3 || given.includes("text 127") ? plain() : undefined;
  });
  const outcomes = await provider.embedDocuments(texts(128));
  expect(statuses(outcomes)).toEqual(texts(128).map((_, i) => i < 64));
  expect(outcomes[64]).toMatchObject({ reason: { retryable: true } });
  expect(outcomes[127]).toMatchObject({ reason: { retryable: true, details: { fault: "unknown" } } });
  expect(calls.length).toBeLessThanOrEqual(16);
});

test("control texts differ, so that a cache of the client does not answer for the provider", async () => {
  const { calls, provider } = providerOf(plain);
  for (let i = 0; i < 3; i += 1) await provider.embedQuery("text").catch(() => undefined);
  expect(new Set(calls.flat()).size).toBe(1 + 3);
});

test("texts that all fail for an unknown reason cost at most three calls each, and some control texts", async () => {
  const { calls, provider } = providerOf((given) => (given[0]?.startsWith("ok") === true ? undefined : plain()));
  const failed = await provider.embedDocuments(texts(128)).then(
    (outcomes) => statuses(outcomes).every((isFulfilled) => !isFulfilled),
    () => true,
  );
  expect(failed).toBe(true);
  expect(calls.length).toBeLessThanOrEqual(3.4 * 128);
});

test("an outage during a split ends it, and embedded texts are kept", async () => {
  let count = 0;
  const { calls, provider } = providerOf(() => {
    count += 1;
    return count === 1 ? rejection() : count === 3 ? { status: 429 } : undefined;
  });
  const outcomes = await provider.embedDocuments(texts(4));
  expect(statuses(outcomes)).toEqual([true, true, false, false]);
  expect(outcomes[3]).toMatchObject({ reason: { retryable: true, details: { status: 429 } } });
  expect(calls).toHaveLength(3);
});

test("a text that is rejected alone is reported with its length and what to do", async () => {
  const { provider } = providerOf(() => rejection());
  const [outcome] = await provider.embedDocuments(["much too long"]);
  expect(outcome).toMatchObject({ status: "rejected", reason: { retryable: false, details: { fault: "input", characters: 13 } } });
  expect((outcome as PromiseRejectedResult).reason).toMatchObject({ message: expect.stringContaining("shorten it, or split it") as string });
});
