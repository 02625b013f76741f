/** The active value while a secret is rotated in the secret manager and in the server, in any order. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SecretDocument } from "../../../src/config/secrets/document.ts";
import type { SecretProvider } from "../../../src/config/secrets/provider.ts";
import { SecretReference } from "../../../src/config/secrets/reference.ts";
import { ConnectionError } from "../../../src/model/errors.ts";
import type { StoreEvent } from "../../../src/ports/events.ts";

const LIFETIME_MS = 300_000;

/** A secret manager with one document. */
class OnePlace implements SecretProvider {
  readonly name = "The place";
  readonly isChanging = true;
  fields: Record<string, unknown> = { username: "agents", password: "first" };
  state: "up" | "down" | "silent" = "up";
  reads = 0;

  async read(): Promise<string> {
    this.reads++;
    if (this.state === "silent") return new Promise(() => undefined);
    if (this.state === "down") throw new ConnectionError("The place is away.");
    return JSON.stringify(this.fields);
  }

  async close(): Promise<void> {
    // Nothing is stored.
  }
}

async function running(): Promise<{ place: OnePlace; document: SecretDocument; events: StoreEvent[]; password: () => string }> {
  const place = new OnePlace();
  const events: StoreEvent[] = [];
  const document = new SecretDocument(new SecretReference("vault", "secret/agents", null), {
    provider: place,
    events: { emit: (event) => events.push(event) },
    lifetimeMs: LIFETIME_MS,
    timeoutMs: 5_000,
  });
  document.use("username");
  document.use("password");
  await document.start("password");
  return { place, document, events, password: () => document.field("password").reveal() };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a secret is refreshed before its lifetime ends, without delaying calls", async () => {
  const { place, events, password } = await running();
  place.fields = { username: "agents", password: "second" };
  await vi.advanceTimersByTimeAsync(LIFETIME_MS * 0.85);
  expect(password()).toBe("first");
  await vi.advanceTimersByTimeAsync(LIFETIME_MS * 0.15);
  expect(password()).toBe("second");
  expect(place.reads).toBe(2);
  expect(events).toEqual([{ type: "secret-rotated", secret: "vault://secret/agents" }]);
});

test("an outage of the secret manager keeps the last valid value, reports each failure, and recovers", async () => {
  const { place, events, password } = await running();
  place.state = "down";
  await vi.advanceTimersByTimeAsync(LIFETIME_MS + 100_000);
  expect(password()).toBe("first");
  const failures = events.filter(({ type }) => type === "secret-refresh-failed");
  expect(failures.length).toBeGreaterThan(3);
  expect(failures.length).toBeLessThan(12);
  expect(failures[0]).toEqual({ type: "secret-refresh-failed", secret: "vault://secret/agents", cause: "The place is away." });
  place.state = "up";
  place.fields = { username: "agents", password: "second" };
  await vi.advanceTimersByTimeAsync(60_000);
  expect(password()).toBe("second");
});

test("a new value without a required field is not used", async () => {
  const { place, events, password } = await running();
  place.fields = { username: "agents" };
  await vi.advanceTimersByTimeAsync(LIFETIME_MS);
  expect(password()).toBe("first");
  expect(events.at(-1)).toMatchObject({ cause: 'The document has no field "password"; its fields are "username".' });
});

test("a refusal reads the secret at once, once for all refused calls, at most four times per second", async () => {
  const { place, document, password } = await running();
  place.fields = { username: "agents", password: "second" };
  const refused = document.field("password");
  const others = Array.from({ length: 50 }, () => document.other("password", refused));
  await vi.advanceTimersByTimeAsync(1_000);
  for (const other of await Promise.all(others)) expect(other?.reveal()).toBe("second");
  expect(password()).toBe("second");
  expect(place.reads).toBe(2);
});

test("a refusal of a value that is already replaced causes no read", async () => {
  const { place, document } = await running();
  const refused = document.field("password");
  place.fields = { username: "agents", password: "second" };
  await vi.advanceTimersByTimeAsync(LIFETIME_MS);
  const reads = place.reads;
  expect((await document.other("password", refused))?.reveal()).toBe("second");
  expect(place.reads).toBe(reads);
});

test("a refusal of the only value is final", async () => {
  const { document, password } = await running();
  const other = document.other("password", document.field("password"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await other).toBeNull();
  expect(password()).toBe("first");
});

test("the previous value stays in use until the server accepts the new one", async () => {
  const { place, document, events, password } = await running();
  place.fields = { username: "agents", password: "second" };
  await vi.advanceTimersByTimeAsync(LIFETIME_MS);
  expect(password()).toBe("second");
  const early = document.other("password", document.field("password"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await early)?.reveal()).toBe("first");
  // Another read of the same new value does not restore the previous one.
  await vi.advanceTimersByTimeAsync(LIFETIME_MS);
  expect(password()).toBe("first");
  const late = document.other("password", document.field("password"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await late)?.reveal()).toBe("second");
  expect(password()).toBe("second");
  expect(events.map(({ type }) => type)).toEqual(["secret-rotated", "secret-refresh-failed"]);
});

test("long after a rotation the previous value is not tried", async () => {
  const { place, document, password } = await running();
  place.fields = { username: "agents", password: "second" };
  await vi.advanceTimersByTimeAsync(LIFETIME_MS);
  await vi.advanceTimersByTimeAsync(700_000);
  const other = document.other("password", document.field("password"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await other).toBeNull();
  expect(password()).toBe("second");
});

test("fields of one document change together", async () => {
  const { place, document } = await running();
  const [username, password] = [document.field("username"), document.field("password")];
  place.fields = { username: "agents-2", password: "second" };
  const others = Promise.all([document.other("username", username), document.other("password", password)]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await others).map((other) => other?.reveal())).toEqual(["agents-2", "second"]);
});

test("a new connection checks for a newer value, without waiting for a manager that hangs or fails", async () => {
  const { place, document, password } = await running();
  await vi.advanceTimersByTimeAsync(2_000);
  place.fields = { username: "agents", password: "second" };
  await document.refreshBeforeUse();
  expect(password()).toBe("second");
  const reads = place.reads;
  await document.refreshBeforeUse();
  expect(place.reads).toBe(reads);
  await vi.advanceTimersByTimeAsync(2_000);
  place.state = "silent";
  const looked = document.refreshBeforeUse();
  await vi.advanceTimersByTimeAsync(1_000);
  await looked;
  // After a known failure, no call waits for it.
  await vi.advanceTimersByTimeAsync(4_000);
  place.state = "down";
  const readsThen = place.reads;
  await document.refreshBeforeUse();
  expect(place.reads).toBe(readsThen);
  expect(password()).toBe("second");
});

test("a secret manager that does not answer at the start is reported at the timeout, by name", async () => {
  const place = new OnePlace();
  place.state = "silent";
  const document = new SecretDocument(new SecretReference("vault", "secret/agents", null), {
    provider: place,
    events: { emit: () => undefined },
    lifetimeMs: LIFETIME_MS,
    timeoutMs: 50,
  });
  const started = expect(document.start(null)).rejects.toThrow("The place did not answer within 50 ms (secrets.timeoutMs).");
  await vi.advanceTimersByTimeAsync(50);
  await started;
});

test("loading the packages of a secret manager does not count as its time to answer", async () => {
  const place = new OnePlace();
  const load = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1_000));
  const document = new SecretDocument(new SecretReference("vault", "secret/agents", null), {
    provider: Object.assign(place, { load }),
    events: { emit: () => undefined },
    lifetimeMs: LIFETIME_MS,
    timeoutMs: 50,
  });
  document.use("password");
  const started = document.start("password");
  await vi.advanceTimersByTimeAsync(999);
  expect(place.reads).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  await started;
  expect(document.field("password").reveal()).toBe("first");
  await document.stop();
});

test("a stopped secret source reads nothing", async () => {
  const { place, document } = await running();
  await document.stop();
  await vi.advanceTimersByTimeAsync(2 * LIFETIME_MS);
  expect(place.reads).toBe(1);
});
