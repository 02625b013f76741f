/**
 * Read-your-writes between processes: what one process has acknowledged, every process reads by id at once, also in files that several processes
 * create together. TEST_READ_YOUR_WRITES sets the number of files; 1,000 take some minutes.
 */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const PEER = fileURLToPath(new URL("./sqlite-peer.ts", import.meta.url));
const FILES = Number(process.env["TEST_READ_YOUR_WRITES"] ?? 8);
const PROCESSES = 3;
/** A value that the database thread reads, and not the caller's. */
const BIG = "x".repeat(300_000);

/** A process, asked one command after another. */
class Peer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    this.#process = spawn(process.execPath, [PEER], { env: { ...process.env, NODE_OPTIONS: "" } });
    this.#process.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(...command: readonly string[]): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(command)}\n`);
    const next = await this.#answers.next();
    if (next.done === true) throw new Error("the process exited");
    const answer = JSON.parse(next.value) as { readonly value: unknown; readonly error?: string };
    if (answer.error !== undefined) throw new Error(`${command[0] ?? ""}: ${answer.error}`);
    return answer.value;
  }

  async end(): Promise<void> {
    this.#process.stdin.end();
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, "exit");
  }
}

let folder: string;
let peers: readonly Peer[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sqlite-read-your-writes-"));
  peers = Array.from({ length: PROCESSES }, () => new Peer());
});
afterAll(async () => {
  await Promise.all(peers.map((peer) => peer.end()));
  await rm(folder, { recursive: true, force: true });
});

/** A process writes, and all read it by id as soon as it is acknowledged. */
async function writeAndRead(writer: Peer, key: string, text = key): Promise<void> {
  await writer.ask("put", key, text);
  const read = await Promise.all(peers.map((peer) => peer.ask("get", key)));
  expect(read.map((each) => each === text), `processes that read ${key}`).toEqual(peers.map(() => true));
}

test(`every process reads by id what another has acknowledged, in ${FILES} files that the processes create together`, { timeout: 600_000 + 3_000 * FILES }, async () => {
  for (let file = 0; file < FILES; file += 1) {
    const path = join(folder, `${file}.db`);
    await Promise.all(peers.map((peer) => peer.ask("open", path)));
    for (const [i, peer] of peers.entries()) await writeAndRead(peer, `${file} by ${i}`);
    if (file % 8 === 0) await writeAndRead(peers[0] as Peer, `${file} big`, BIG);
    // One closes and opens the file while the others keep it open: the last connection to close removes the log.
    const peer = peers[file % PROCESSES] as Peer;
    await peer.ask("stop");
    await peer.ask("open", path);
    await writeAndRead(peer, `${file} by one that has opened it again`);
    await writeAndRead(peers[(file + 1) % PROCESSES] as Peer, `${file} by one that kept it open`);
    expect(await peer.ask("list")).toHaveLength(PROCESSES + 2 + (file % 8 === 0 ? 1 : 0));
    await Promise.all(peers.map((each) => each.ask("stop")));
    for (const name of [path, `${path}-wal`, `${path}-shm`]) await rm(name, { force: true });
  }
});
