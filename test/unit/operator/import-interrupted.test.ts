/** An import that loses its database half-way. */
import { Readable } from "node:stream";
import { expect, test, vi } from "vitest";
import { UnavailableError, type StoreError } from "../../../src/model/errors.ts";
import type { OperatorDependencies } from "../../../src/operator/dependencies.ts";
import { importLines } from "../../../src/operator/import.ts";

vi.mock("node:timers/promises", async (original) => ({ ...(await original<object>()), setTimeout: () => Promise.resolve() }));

test("a lost connection ends an import with the line that it reached, and how to continue; what was written before is kept", async () => {
  const written: string[] = [];
  const dependencies = {
    limits: { maxValueBytes: 10_000, maxKeyBytes: 1_000, maxLabelBytes: 100, maxNamespaceLabels: 10 },
    indexing: null,
    model: null,
    items: { get: (ids: readonly unknown[]) => Promise.resolve(ids.map(() => null)) },
    run: (requests: readonly { readonly key: string }[]) =>
      Promise.resolve(
        requests.map(({ key }) => {
          if (Number(key.slice(1)) >= 250) return { status: "rejected", reason: new UnavailableError("The database is not reachable.") };
          written.push(key);
          return { status: "fulfilled", value: null };
        }),
      ),
  } as unknown as OperatorDependencies;
  const lines = Array.from({ length: 400 }, (_, i) => `${JSON.stringify({ namespace: ["a"], key: `k${i}`, value: { i } })}\n`);
  const failure = await importLines(dependencies, Readable.from(lines, { objectMode: false }), {}).catch((error: unknown) => error as StoreError);
  expect(failure).toMatchObject({ code: "UNAVAILABLE", retryable: true, message: expect.stringMatching(/^The import stopped at line (251|301): .*Import again to continue/) as string });
  expect(new Set(written).size).toBe(250);
});
