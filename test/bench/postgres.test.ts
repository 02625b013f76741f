import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { PostgresStore } from "@langchain/langgraph-checkpoint-postgres/store";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../servers/postgres.ts";
import type { LocalPostgres } from "../servers/postgres.ts";
import { waitUntil } from "../servers/wait-until.ts";
import { DIMS, embeddings, memory } from "./corpus.ts";

const INDEX = { dims: DIMS, embed: embeddings(), fields: ["text"] };

describe("the Postgres that the benchmark starts", () => {
  let server: LocalPostgres;

  beforeAll(async () => {
    server = await startPostgres();
  });

  afterAll(async () => {
    await server.stop();
  });

  test("finds the nearest text, keeps its data over a kill, and deletes it on request", async () => {
    const items = Array.from({ length: 20 }, (_, n) => ({ namespace: ["notes"], key: `n${n}`, value: memory(n) }));
    const nearest = await withStore(async (store) => {
      await store.batch(items);
      return store.search(["notes"], { query: memory(7).text, limit: 3 });
    });
    expect(nearest[0]?.key).toBe("n7");
    expect(nearest).toHaveLength(3);

    await server.restart();
    expect(await withStore((store) => store.get(["notes"], "n19"))).toMatchObject({ value: memory(19) });

    await server.restart({ data: "lose" });
    expect(await withStore((store) => store.get(["notes"], "n19"))).toBeNull();
  });

  // Close the pool first: an error of an idle connection would end the process.
  async function withStore<T>(use: (store: PostgresStore) => Promise<T>): Promise<T> {
    const store = PostgresStore.fromConnString(server.connectionString, { index: INDEX });
    try {
      return await use(store);
    } finally {
      await store.stop();
    }
  }
});

const HOLDER = `
  const { startPostgres } = await import(${JSON.stringify(new URL("../servers/postgres.ts", import.meta.url))});
  const { pid, folder } = await startPostgres();
  console.log(JSON.stringify({ pid, folder }));
`;

test("Postgres ends with a killed process", async () => {
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", HOLDER], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void holder.kill("SIGKILL"));
  const { pid, folder } = await firstLine(holder.stdout);
  expect(isRunning(pid)).toBe(true);
  holder.kill("SIGKILL");
  await waitUntil("the orphaned Postgres to end", () => !isRunning(pid));
  await waitUntil("its folder to be removed", () => !existsSync(folder));
});

interface HeldServer {
  readonly pid: number;
  readonly folder: string;
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<HeldServer> {
  for await (const line of createInterface({ input: stream })) return JSON.parse(line) as HeldServer;
  throw new Error("the program ended without a line");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}
