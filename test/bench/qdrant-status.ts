import { setTimeout as pause } from "node:timers/promises";

const DEADLINE_MS = 120_000;
const POLL_MS = 100;

/** Waits until Qdrant optimizes no collection with this name prefix, up to a timeout in milliseconds. */
export async function settled(url: string, prefix: string, deadlineMs = DEADLINE_MS): Promise<void> {
  const { result } = (await (await fetch(`${url}/collections`)).json()) as { result: { collections: { name: string }[] } };
  const names = result.collections.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  const deadline = performance.now() + deadlineMs;
  for (const name of names) {
    while (performance.now() < deadline && (await statusOf(url, name)) !== "green") await pause(POLL_MS);
  }
}

async function statusOf(url: string, name: string): Promise<string> {
  const answer = (await (await fetch(`${url}/collections/${encodeURIComponent(name)}`)).json()) as { result: { status: string } };
  return answer.result.status;
}
