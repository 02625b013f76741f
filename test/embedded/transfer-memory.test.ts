/** The memory of export and import does not depend on the number of items: peaks of the real program, as the system counts them. */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cli } from "../support/cli.ts";
import { withPeakIn } from "../support/peak-memory.ts";

const FEW = 20_000;
const MANY = 60_000;
/** Length of a value: all of them would take more than the heap. */
const CHARACTERS = 2_000;

const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "memory-"));
});
afterAll(() => rm(folder, { recursive: true }));

function* lines(items: number): Generator<string> {
  for (let i = 0; i < items; i += 1) {
    const text = `${i} `.padEnd(CHARACTERS, "a memory of a user ");
    yield `${JSON.stringify({ namespace: ["users", `u${i % 100}`], key: `k${i}`, value: { text }, createdAt: "2026-01-02T03:04:05.006Z", updatedAt: "2026-01-02T03:04:05.006Z" })}\n`;
  }
}

/** Runs the program with a bounded heap. Returns the peak of its resident memory, MiB. */
async function peak(...args: string[]): Promise<number> {
  const file = join(folder, "peak");
  const env = { ...process.env, ...withPeakIn(file, "--max-old-space-size=80") };
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "ignore", "pipe"], env });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (errors += chunk));
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  expect({ code, errors }).toEqual({ code: 0, errors: expect.any(String) as string });
  return Number(await readFile(file, "utf8")) / 1_024;
}

test("export and import of 60,000 items take as much memory as of 20,000", { timeout: 900_000 }, async () => {
  const peaks: Record<number, Record<"import" | "export", number>> = {};
  for (const items of [FEW, MANY]) {
    const [file, store] = [join(folder, `${items}.jsonl`), join(folder, `${items}.db`)];
    await pipeline(Readable.from(lines(items), { objectMode: false }), createWriteStream(file));
    await cli(["migrate", "up", "--yes", "--path", store]);
    peaks[items] = { import: await peak("import", file, "--path", store), export: await peak("export", `${file}.gz`, "--path", store) };
    expect(await cli(["count", "--path", store])).toMatchObject({ code: 0, output: `${items}\n` });
  }
  const [few, many] = [FEW, MANY].map((items) => peaks[items]) as [Record<string, number>, Record<string, number>];
  for (const [step, mib] of Object.entries(many)) {
    // The values of the further items are 80 MB.
    expect.soft(mib, `${step} of ${MANY} items: ${JSON.stringify(peaks)}`).toBeLessThan((few[step] ?? 0) + 40);
  }
});
