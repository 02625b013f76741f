/** Erasure while others write, on the local file; see drills.test.ts for servers. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { expect, test } from "vitest";
import { eraseUnderLoad, fill, secretText } from "./drills/erasure.ts";
import { OwnOutput } from "./drills/own-output.ts";
import { filesWith } from "./drills/servers.ts";
import { PATIENT } from "../support/patient.ts";

test("on the local file no query returns an erased subject, and after the store has stopped neither the file nor a log line, metric or span contains its text", async () => {
  const folder = await mkdtemp(join(tmpdir(), "erasure-"));
  try {
    const embeddings = new HashEmbeddings();
    const output = new OwnOutput();
    const store = await ScyllaDBStore.embedded({ ...output.options, limits: PATIENT, path: join(folder, "store.db"), index: { dims: embeddings.dims, embeddings, fields: ["text"] } });
    const text = secretText();
    await fill(store, 150, text);
    expect(await filesWith(folder, text)).not.toEqual([]);
    const { report, foundAfter } = await eraseUnderLoad(store, text);
    expect(report).toMatchObject({ complete: true, erased: { items: 150 } });
    expect(foundAfter).toBe(0);
    await output.collect(store);
    await store.stop();
    expect(await filesWith(folder, text)).toEqual([]);
    expect(output.with(text)).toEqual({ logLines: expect.any(Number) as number, spans: expect.any(Number) as number, metrics: 3, found: [] });
    expect(output.with("put").found).toEqual(["log", "metrics", "spans"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
