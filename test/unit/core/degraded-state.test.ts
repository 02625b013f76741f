import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DegradedState } from "../../../src/core/degraded-state.ts";
import { toEmbeddingError } from "../../../src/model/embedding-error.ts";
import { EmbeddingError, UnavailableError } from "../../../src/model/errors.ts";

const heard: string[] = [];
const state = (): DegradedState => new DegradedState({ emit: ({ type }) => void heard.push(type) });
const down = new UnavailableError("down");

beforeEach(() => {
  heard.length = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("failing searches degrade the state and a ranked one restores it, with one event each", () => {
  const degraded = state();
  for (let i = 0; i < 3; i += 1) degraded.failed("vectors-unavailable", down);
  expect(degraded.isDegraded).toBe(true);
  for (let i = 0; i < 3; i += 1) degraded.succeeded();
  expect(degraded.isDegraded).toBe(false);
  expect(heard).toEqual(["search-degraded", "search-recovered"]);
});

test("the state recovers without another search", () => {
  const degraded = state();
  degraded.failed("vectors-unavailable", down);
  vi.advanceTimersByTime(60_000);
  expect(degraded.isDegraded).toBe(true);
  vi.advanceTimersByTime(60_000);
  expect(degraded.isDegraded).toBe(false);
  expect(heard).toEqual(["search-degraded", "search-recovered"]);
});

test("the state stays degraded while searches fail", () => {
  const degraded = state();
  for (let minute = 0; minute < 10; minute += 1) {
    degraded.failed("vectors-unavailable", down);
    vi.advanceTimersByTime(60_000);
  }
  expect(heard).toEqual(["search-degraded"]);
});

test("the state recovers when the circuits close", () => {
  const degraded = state();
  degraded.failed("embedding-failed", down);
  degraded.recovered();
  expect(heard).toEqual(["search-degraded", "search-recovered"]);
});

test.each([["not-found", ["search-degraded"]], ["refused", []], ["timeout", []], ["input", []]])("the fault %s of the provider emits %j", (fault, expected) => {
  state().failed("embedding-failed", new EmbeddingError("The provider failed.", { retryable: false, details: { fault } }));
  expect(heard).toEqual(expected);
});

test("few failures among many ranked searches do not degrade the state", () => {
  const degraded = state();
  for (let i = 0; i < 1_000; i += 1) {
    if (i % 10 === 9) degraded.failed("vectors-unavailable", down);
    else degraded.succeeded();
  }
  expect(heard).toEqual([]);
});

test("an outage degrades the state soon after any number of ranked searches, an open circuit or refused credentials at once", () => {
  const degraded = state();
  const ranked = (): void => {
    for (let i = 0; i < 1_000; i += 1) degraded.succeeded();
  };
  ranked();
  for (let i = 0; i < 20; i += 1) degraded.failed("vectors-unavailable", down);
  expect(degraded.isDegraded).toBe(true);
  ranked();
  degraded.failed("vectors-unavailable", new UnavailableError("open", { details: { breaker: "open" } }));
  expect(degraded.isDegraded).toBe(true);
  ranked();
  degraded.failed("embedding-failed", toEmbeddingError({ status: 401 }));
  expect(degraded.isDegraded).toBe(true);
});

test.each([400, 408, 413, 422, 451])("a provider status %i degrades only its query", (status) => {
  const degraded = state();
  for (let i = 0; i < 100; i += 1) degraded.failed("embedding-failed", toEmbeddingError({ status }));
  degraded.failed("embedding-failed", new EmbeddingError("no", { details: { fault: "suspect-input" } }));
  expect(heard).toEqual([]);
});

test("a stopped store leaves no timer", () => {
  const degraded = state();
  const [before, after] = [{}, {}];
  degraded.attach(before);
  degraded.failed("vectors-unavailable", down);
  degraded.attach(after);
  degraded.detach(before);
  expect(vi.getTimerCount()).toBe(1);
  degraded.detach(after);
  expect(vi.getTimerCount()).toBe(0);
});
