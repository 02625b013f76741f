/** What operator tasks (export, import, erase) use of a runtime. */
import { identityOf } from "../core/model-identity.ts";
import type { OperatorDependencies } from "../operator/dependencies.ts";
import type { Runtime } from "./runtime.ts";

/** The data of a runtime, for a task of an operator. */
export function operatorDependencies({ config, databases, maintenance, pipeline }: Runtime): OperatorDependencies {
  const { items, indexing } = maintenance.data;
  return {
    kind: databases.collection === null && databases.breakers.records === null ? "file" : "servers",
    run: pipeline,
    limits: config.limits,
    items,
    indexing,
    outbox: databases.maintenancePorts.outbox,
    settings: databases.settings,
    model: config.index === undefined ? null : identityOf(config.index),
  };
}
