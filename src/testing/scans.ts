/** Scans from their beginning to their end. */
import { expect } from "vitest";
import type { ScanPage } from "../ports/scan.ts";

/** More parts than any scan of a test has. */
const MOST_PARTS = 20_000;

/** Reads a part that begins at a place, or at the beginning. */
export type ReadPart<P extends ScanPage<unknown>> = (after: string | null) => Promise<P>;

/**
 * Reads all parts of a scan, and fails where one says that more than all, or less than nothing, has been read.
 *
 * @param meanwhile - done after each part but the last
 */
export async function scanAll<P extends ScanPage<unknown>>(
  read: ReadPart<P>,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
): Promise<P[]> {
  const parts: P[] = [];
  for (let after: string | null = null; ; ) {
    const part: P = await read(after);
    parts.push(part);
    expect(part.done).toBeGreaterThanOrEqual(0);
    expect(part.done).toBeLessThanOrEqual(1);
    if (part.next === null) return parts;
    expect(part.next, "a part has to go on behind the one before it").not.toBe(after);
    expect(parts.length, "a scan has to come to its end").toBeLessThan(MOST_PARTS);
    after = part.next;
    await meanwhile();
  }
}
