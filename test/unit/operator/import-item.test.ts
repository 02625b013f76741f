/** What an import refuses of an item, from a file and from another store, because a put would refuse it, too. */
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import { compress, decompressed } from "../../../src/operator/compression.ts";
import { parseLine } from "../../../src/operator/export-format.ts";
import { sourceItem } from "../../../src/operator/import-source.ts";
import type { RequestLimits } from "../../../src/model/request.ts";

const limits = { maxValueBytes: 10_000, maxKeyBytes: 1_000, maxLabelBytes: 100, maxNamespaceLabels: 10, maxIndexPaths: 10 } as RequestLimits;

test.each([["x\ud800", "lone surrogate"], ["k".repeat(1_001), "limits.maxKeyBytes"]])("a key that no put accepts: %.5s", (key, reason) => {
  expect(() => parseLine(JSON.stringify({ namespace: ["a"], key, value: {} }), limits, null)).toThrow(reason);
  expect(sourceItem(1, { namespace: ["a"], key, value: {}, createdAt: null, updatedAt: null, expiry: null }, limits)).toMatchObject({
    line: 1,
    reason: expect.stringContaining(reason) as string,
  });
});

test.each([1e14, 1e300, 0, -1, "1"])("a time to live that no put accepts: %j", (ttlMinutes) => {
  expect(() => parseLine(JSON.stringify({ namespace: ["a"], key: "k", value: {}, ttlMinutes }), limits, null)).toThrow("ttlMinutes");
});

test("a small compressed frame with a large content is read in parts", async () => {
  const content = Buffer.alloc(64 * 1024 * 1024, " ");
  const part = await compress(content, "zstd");
  expect(part.length).toBeLessThan(10_000);
  let [bytes, longest] = [0, 0];
  for await (const { length } of decompressed(Readable.from([part]))) {
    bytes += length;
    longest = Math.max(longest, length);
  }
  expect(bytes).toBe(content.length);
  expect(longest).toBeLessThan(1024 * 1024);
});
