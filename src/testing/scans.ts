/** Complete scans. */
import { expect } from "vitest";
import type { ScanPage } from "../ports/scan.ts";

/** Most pages of a scan in a test. */
const MOST_PARTS = 20_000;

/** Reads a page that begins at a position, or at the beginning. */
export type ReadPart<P extends ScanPage<unknown>> = (after: string | null) => Promise<P>;

/**
 * Reads all pages of a scan, and fails if a progress is not between 0 and 1.
 *
 * @param meanwhile - called after each page except the last
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
