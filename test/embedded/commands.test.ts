/** Every command on one local file. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ScyllaDBStore } from "langgraph-store-scylladb";
import { HashEmbeddings } from "langgraph-store-scylladb/testing";
import { afterAll } from "vitest";
import { everyCommand } from "../support/command-cases.ts";
import { PATIENT, PATIENT_LIMIT_FLAGS } from "../support/patient.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

everyCommand("file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "commands-file-"));
  const path = join(folder, "store.db");
  const embeddings = new HashEmbeddings();
  const again = (): Promise<ScyllaDBStore> => ScyllaDBStore.embedded({ path, limits: PATIENT, index: { dims: embeddings.dims, embeddings, fields: ["text"] } });
  const store = await again();
  closing.push(
    () => store.stop(),
    () => rm(folder, { recursive: true }),
  );
  const module = fileURLToPath(new URL("../support/cli-embeddings.ts", import.meta.url));
  return { store, again, flags: ["--path", path, "--embeddings", module, "--set", `index.dims=${embeddings.dims}`, "--set", "index.fields=text", ...PATIENT_LIMIT_FLAGS] };
});
