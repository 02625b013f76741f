/** What an erasure cannot reach. */
import { GENERATIONS, parseGenerations } from "../core/generation-record.ts";
import { ConfigurationError } from "../model/errors.ts";
import type { OperatorDependencies } from "./dependencies.ts";

/** @throws {ConfigurationError} while there is data that deletes do not reach. */
export async function checkReach({ generations, settings, partitions }: OperatorDependencies): Promise<void> {
  if (generations?.hasUnknown === true) {
    throw new ConfigurationError(
      "erase must reach every generation of the index, and another one exists: configure both, the other one as index.next, or remove it by reindex abort or reindex cleanup.",
    );
  }
  const { record } = parseGenerations(generations === null ? null : await settings.read(GENERATIONS));
  const removed = record?.removed ?? null;
  if (removed !== null) {
    throw new ConfigurationError(`erase cannot reach generation ${removed.number} of the index, whose removal is not complete: run reindex cleanup, and then erase again.`);
  }
  const { change = null } = (await partitions?.status()) ?? {};
  if (change?.switched !== true) return;
  throw new ConfigurationError(
    `erase cannot reach the previous partitions of ${change.namespace.join(".") || "all namespaces"}, which are not deleted yet: complete the change or its abort (rebucket status), and then erase again.`,
  );
}
