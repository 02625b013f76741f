/** Observes grouped calls: their size, the wait of each caller, and the traces that they are linked to. */
import type { Context } from "@opentelemetry/api";
import type { GroupCaller, GroupWatch } from "../concurrency/group-commit.ts";
import type { Service } from "../ports/events.ts";
import { attributesOf } from "./instruments.ts";
import type { GroupName } from "./ledger.ts";
import { currentOperation, type OperationTime } from "./operation-time.ts";
import type { Telemetry } from "./telemetry.ts";
import { recordedContext, runGrouped } from "./tracing.ts";

const SERVICES: Readonly<Record<GroupName, Service>> = {
  intents: "records",
  embeddings: "embeddings",
  upserts: "vectors",
  removals: "vectors",
};

/** A caller that waits for its group. */
class WaitingCaller implements GroupCaller {
  readonly context: Context | null;
  readonly #operation: OperationTime | null;
  readonly #service: Service;
  #left: number;
  #isQueued = true;

  constructor(context: Context | null, operation: OperationTime | null, service: Service, inputs: number) {
    this.context = context;
    this.#operation = operation;
    this.#service = service;
    this.#left = inputs;
    const now = performance.now();
    operation?.enter(service, now);
    operation?.enter("queue", now);
  }

  /** Records that a call with some of its inputs has begun. */
  begun(now: number): void {
    if (this.#isQueued) this.#operation?.leave("queue", now);
    this.#isQueued = false;
  }

  settled(inputs: number): void {
    this.#left -= inputs;
    if (this.#left === 0) this.#operation?.leave(this.#service, performance.now());
  }
}

/** Returns an observer for groups of one kind. */
export function watchGroups(telemetry: Telemetry, name: GroupName): GroupWatch<WaitingCaller> {
  const labels = attributesOf({ group: name });
  const counts = telemetry.ledger.groups[name];
  return {
    joined(inputs) {
      const operation = currentOperation.getStore() ?? null;
      const context = telemetry.tracing.isEnabled ? recordedContext() : null;
      return operation === null && context === null ? null : new WaitingCaller(context, operation, SERVICES[name], inputs);
    },
    run(callers, commit) {
      counts.groups += 1;
      counts.inputs += callers.length;
      if (telemetry.instruments.areEnabled) telemetry.instruments.record("groupSize", callers.length, labels);
      const now = performance.now();
      const waiting = new Set(callers.filter((caller) => caller !== null));
      for (const each of waiting) each.begun(now);
      const contexts = [...waiting].flatMap(({ context }) => context ?? []);
      return runGrouped(contexts, attributesOf({ group: name, groupSize: callers.length }), () => currentOperation.run(null, commit));
    },
  };
}
