import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { aesGcmCodec, type CodecContext } from "langgraph-store-scylladb";
import { describe, expect, test } from "vitest";
import { rejectionOf } from "../../../src/testing/expectations.ts";

const [K1, K2] = [randomBytes(32), randomBytes(32)];
const HERE: CodecContext = {
  namespace: ["users", "42"],
  key: "tea",
  kind: "json",
  created: 1_700_000_000_000_000,
  version: 1_700_000_000_000_007,
  writeId: "w1",
  expiresAt: null,
  ttlMs: null,
};
const codec = aesGcmCodec({ keys: { k1: K1 }, current: "k1" });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

async function reading(bytes: Uint8Array, at: CodecContext = HERE, by = codec): Promise<string> {
  return text(await by.decode(bytes, at));
}

describe("aesGcmCodec", () => {
  test("round-trips a value, and its ciphertext contains nothing of it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), fc.array(fc.string()), fc.string(), async (bytes, namespace, key) => {
        const context = { ...HERE, namespace, key };
        const sealed = await codec.encode(bytes, context);
        expect(Buffer.from(await codec.decode(sealed, context)).equals(bytes)).toBe(true);
        if (bytes.length > 4) expect(Buffer.from(sealed).includes(Buffer.from(bytes))).toBe(false);
      }),
    );
  });

  test("never produces the same ciphertext twice", async () => {
    const sealed = await Promise.all(Array.from({ length: 100 }, async () => codec.encode(Buffer.from("same"), HERE)));
    expect(new Set(sealed.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(100);
  });

  test("reads a value at its own item only: not under another key, namespace, or split of labels", async () => {
    const sealed = await codec.encode(Buffer.from("mine"), HERE);
    expect(await reading(sealed)).toBe("mine");
    const elsewhere: CodecContext[] = [
      { ...HERE, key: "coffee" },
      { ...HERE, namespace: ["users", "43"] },
      { ...HERE, namespace: ["users,42"] },
      { ...HERE, namespace: ["users"], key: "42,tea" },
      { ...HERE, namespace: [] },
    ];
    for (const at of elsewhere) {
      expect(await rejectionOf(reading(sealed, at))).toMatchObject({ code: "CODEC", details: { keyId: "k1" } });
    }
  });

  test.each<Partial<CodecContext>>([
    { kind: "typed-json" },
    { created: HERE.created - 1 },
    { version: HERE.version + 1 },
    { version: HERE.version - 1 },
    { writeId: "w2" },
    { expiresAt: 0 },
    { ttlMs: 60_000 },
  ])("rejects a value whose record was changed to %o", async (changed) => {
    const sealed = await codec.encode(Buffer.from("mine"), HERE);
    const error = await rejectionOf(reading(sealed, { ...HERE, ...changed }));
    expect(error).toMatchObject({ name: "CodecError", code: "CODEC", details: { keyId: "k1" } });
    expect(error.message).toContain("times, version or kind");
  });

  test("rejects any change of the stored bytes", async () => {
    const sealed = Buffer.from(await codec.encode(Buffer.from("value"), HERE));
    for (let i = 0; i < sealed.length; i += 1) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] ?? 0) ^ 1;
      expect(await rejectionOf(reading(changed)), `byte ${i}`).toMatchObject({ code: "CODEC" });
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(await rejectionOf(reading(sealed.subarray(0, length)))).toMatchObject({ code: "CODEC" });
    }
  });

  test("reads values of older keys after a rotation, and writes with the current key", async () => {
    const old = await codec.encode(Buffer.from("old"), HERE);
    const rotated = aesGcmCodec({ keys: { k1: K1, k2: K2.toString("base64") }, current: "k2" });
    const young = await rotated.encode(Buffer.from("young"), HERE);
    expect(await reading(old, HERE, rotated)).toBe("old");
    expect(await reading(young, HERE, rotated)).toBe("young");
    const error = await rejectionOf(reading(young));
    expect(error).toMatchObject({ name: "CodecError", retryable: false, details: { keyId: "k2" } });
    expect(error.message).toContain('"k2"');
  });

  test("names the key id if another key has the same id", async () => {
    const sealed = await codec.encode(Buffer.from("value"), HERE);
    const wrong = aesGcmCodec({ keys: { k1: K2 }, current: "k1" });
    const error = await rejectionOf(reading(sealed, HERE, wrong));
    expect(error.message).toContain('could not be decrypted with the key "k1"');
  });

  test("resolves references at its start, and not before", async () => {
    const referring = aesGcmCodec({ keys: { k1: "vault://kv/agents#k1" }, current: "k1" });
    expect(await rejectionOf(reading(await codec.encode(Buffer.from("x"), HERE), HERE, referring))).toMatchObject({ code: "CODEC" });
    await referring.start?.((reference) => {
      expect(reference).toBe("vault://kv/agents#k1");
      return Promise.resolve(K1.toString("base64url"));
    });
    expect(await reading(await codec.encode(Buffer.from("x"), HERE), HERE, referring)).toBe("x");
  });

  const WRONG: [string, Parameters<typeof aesGcmCodec>[0], string][] = [
    ["no current key", { keys: { a: K1, b: K2 }, current: "c" }, 'current is "c", but there is no such key. The keys are: a, b'],
    ["a key of 16 bytes", { keys: { a: randomBytes(16) }, current: "a" }, "must be 32 bytes, or 32 bytes in base64, but is 16 bytes"],
    ["a key of hexadecimal text", { keys: { a: K1.toString("hex") }, current: "a" }, "but is 48 bytes"],
    ["a pass phrase", { keys: { a: "correct horse battery staple" }, current: "a" }, "openssl rand -base64 32"],
    ["an id that is too long", { keys: { ["x".repeat(65)]: K1 }, current: "x".repeat(65) }, "1 to 64 bytes"],
  ];
  test.each(WRONG)("rejects %s, without showing a key", (_name, options, message) => {
    expect(() => aesGcmCodec(options)).toThrow(message);
    expect(() => aesGcmCodec(options)).not.toThrow("correct horse");
  });
});
