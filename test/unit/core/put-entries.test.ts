/** The index entries of a put, while there are two generations of the index. */
import { expect, test } from "vitest";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { onlyGeneration } from "../../../src/core/generations.ts";
import type { Indexing } from "../../../src/core/indexing.ts";
import { Keywords } from "../../../src/core/keywords/keywords.ts";
import { PutEntries } from "../../../src/core/put-entries.ts";
import { AbortError } from "../../../src/model/errors.ts";
import type { PutRequest } from "../../../src/model/request.ts";
import { encodeValue } from "../../../src/model/value-codec.ts";

const request = { namespace: "a", key: "k", value: encodeValue({ text: "green" }, { maxValueBytes: 1_000 }), index: undefined } as unknown as PutRequest;

const indexingOf = (documents: () => Promise<unknown>): Indexing =>
  ({ rules: { collect: () => ({ texts: ["green"], excess: null }) }, embedder: { documents }, keywords: new Keywords(null), storedLanguage: () => null }) as unknown as Indexing;

async function entriesOf(active: Indexing, other: Indexing): Promise<{ readonly outcome: unknown; readonly events: readonly unknown[] }> {
  const events: unknown[] = [];
  const entries = new PutEntries({ generations: { ...onlyGeneration(active), other }, embeddingFailure: "fail", events: { emit: (event) => void events.push(event) } });
  const outcome = await entries.of(request, new Deadline(5_000)).catch((error: unknown) => error);
  return { outcome, events };
}

const works = indexingOf(async () => [[1]]);

test("a failure of the other model leaves its entries to the reconciler with an event, and the put goes on", async () => {
  const { outcome, events } = await entriesOf(works, indexingOf(() => Promise.reject(new Error("the model is away"))));
  expect(outcome).toMatchObject({ entries: { vectors: [[1]] }, other: { texts: 1, vectors: [] } });
  expect(events).toEqual([{ type: "embedding-postponed", cause: "the model is away" }]);
});

test("a value with more texts than the other generation takes leaves them out with an event, and the put goes on", async () => {
  const narrow = { ...works, rules: { collect: () => ({ texts: [], excess: "257 texts" }) } } as unknown as Indexing;
  const { outcome, events } = await entriesOf(works, narrow);
  expect(outcome).toMatchObject({ entries: { vectors: [[1]] }, other: null });
  expect(events).toEqual([{ type: "embedding-postponed", cause: expect.stringContaining("257 texts") as string }]);
});

test("a failure of the active model fails the put", async () => {
  const { outcome, events } = await entriesOf(indexingOf(() => Promise.reject(new Error("the model is away"))), works);
  expect(outcome).toMatchObject({ code: "EMBEDDING", message: expect.stringContaining("Nothing was saved.") as string });
  expect(events).toEqual([]);
});

test("an abort by the caller is no failure of a model", async () => {
  const aborted = indexingOf(() => Promise.reject(new AbortError("The put was aborted by its caller.")));
  expect(await entriesOf(works, aborted)).toMatchObject({ outcome: { other: null }, events: [] });
});
