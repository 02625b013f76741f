/** Observation of the statements that a CQL backend runs. */
import type { Client } from "cassandra-driver";
import { type Mock, onTestFinished, vi } from "vitest";

/**
 * Spies on the statements of a client until the test ends, except those on settings: a backend reads the layout of its
 * partitions in the background, so a count that includes them depends on the time.
 */
export function spyOnStatements(client: Client): Mock<Client["execute"]> {
  const execute = client.execute.bind(client);
  const spy = vi.fn(execute);
  const replacement = (...call: Parameters<typeof execute>) => (call[0].includes('".settings ') ? execute : spy)(...call);
  Object.assign(client, { execute: replacement });
  onTestFinished(() => void Object.assign(client, { execute }));
  return spy;
}

/** Runs a task with a clock that stands still: what the store decides by the duration of its requests does not depend on the machine. */
export async function atOnce<T>(task: () => Promise<T>): Promise<T> {
  const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now());
  try {
    return await task();
  } finally {
    clock.mockRestore();
  }
}
