/**
 * A program for the tests of process handling: it starts a Qdrant, prints `{ pid, folder, url }` on one line and then
 * waits to be killed.
 */
import { startQdrant } from "./qdrant.ts";

const { pid, folder, url } = await startQdrant();
process.stdout.write(`${JSON.stringify({ pid, folder, url })}\n`);
