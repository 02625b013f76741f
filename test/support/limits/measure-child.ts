/** Measures calls of known cost, and prints the megabytes by which each grew. For the test of the measure itself. */
import { measure } from "./measure.ts";

const MEGABYTE = 1024 * 1024;
const ROUNDS = 60;

/** Makes 10 MB in a turn of the event loop, 600 MB in all, and keeps the last `kept` rounds. */
async function fill(make: () => object, kept: number): Promise<void> {
  const held: object[] = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    held.push(make());
    if (held.length > kept) held.shift();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const objects = (): object => Array.from({ length: 180_000 }, (_, i) => ({ i, next: i + 1 }));
const bytes = (): object => Buffer.alloc(10 * MEGABYTE, 1);

for (const [name, call] of [
  ["garbage", () => fill(objects, 1)],
  ["kept objects", () => fill(objects, 40)],
  ["garbage of buffers", () => fill(bytes, 1)],
  ["kept buffers", () => fill(bytes, 40)],
] as const) {
  const { grownBytes } = await measure(call);
  process.stdout.write(`${JSON.stringify([name, Math.round(grownBytes / MEGABYTE)])}\n`);
}
