/** Observes operations while they run: their spans, and the time that they wait. */
import { operationOf, type Request } from "../model/request.ts";
import { toLabels } from "../model/namespace.ts";
import type { RunRequests } from "../ports/requests.ts";
import { attributesOf } from "./instruments.ts";
import { ATTRIBUTES } from "./names.ts";
import { OperationReport, pathOf, type FactsOf } from "./operation-report.ts";
import { currentOperation, OperationTime } from "./operation-time.ts";
import type { Telemetry } from "./telemetry.ts";
import { hashOf, type OpenSpan } from "./tracing.ts";

/** Wraps the runner of requests with telemetry. */
export function observeRun<Answer>(run: RunRequests<Answer>, telemetry: Telemetry, factsOf: FactsOf<Answer>): RunRequests<Answer> {
  const { ledger, tracing, instruments } = telemetry;
  const report = new OperationReport(telemetry, factsOf);
  return (requests, caller) => {
    if (requests.length === 0) return run(requests, caller);
    const startedAt = performance.now();
    telemetry.detectProviders(startedAt);
    const open = tracing.isEnabled ? beginOperation(telemetry, requests) : null;
    // A single get waits for records only and is the most frequent operation: without an SDK it skips the breakdown.
    if (open === null && requests.length === 1 && requests[0]?.kind === "get" && !instruments.areEnabled) {
      ledger.inFlight += 1;
      return run(requests, caller).then(
        (outcomes) => {
          report.completedGet(requests, outcomes, startedAt);
          return outcomes;
        },
        (reason: unknown) => {
          report.completedGet(requests, [{ status: "rejected", reason }], startedAt);
          throw reason;
        },
      );
    }
    const time = new OperationTime(startedAt);
    const task = (): Promise<PromiseSettledResult<Answer>[]> => currentOperation.run(time, () => run(requests, caller));
    ledger.inFlight += requests.length;
    const end = (outcomes: readonly PromiseSettledResult<Answer>[]): void => {
      const now = performance.now();
      ledger.inFlight -= requests.length;
      report.completed({ requests, outcomes, ms: now - startedAt, now, time, span: open?.span ?? null });
      open?.span.end();
    };
    return (open === null ? task() : open.run(task)).then(
      (outcomes) => {
        end(outcomes);
        return outcomes;
      },
      (reason: unknown) => {
        end(requests.map(() => ({ status: "rejected", reason })));
        throw reason;
      },
    );
  };
}

/** Records the time that requests waited for the rate limiter; wraps what runs after it. */
export function observeQueueTime<Answer>(run: RunRequests<Answer>): RunRequests<Answer> {
  return (requests, caller) => {
    const time = currentOperation.getStore();
    const now = performance.now();
    time?.waited("queue", now - time.startedAt);
    return run(requests, caller);
  };
}

function beginOperation({ tracing, options }: Telemetry, requests: readonly Request[]): OpenSpan | null {
  const [first, ...others] = requests;
  if (first === undefined) return null;
  const isBatch = others.length > 0;
  const operation = operationOf(first);
  const name = `langgraph.store.${isBatch ? "batch" : operation}`;
  const open = tracing.beginOperation(name, isBatch ? { [ATTRIBUTES.dbBatchSize.name]: requests.length } : { [ATTRIBUTES.operation.name]: operation });
  if (isBatch || open?.span.isRecording() !== true) return open;
  const path = pathOf(first);
  const key = "key" in first ? first.key : null;
  open.span.setAttributes(
    attributesOf({
      namespaceHash: hashOf(path),
      keyHash: key === null ? null : hashOf(key),
      key: options.includeKeys ? key : null,
    }),
  );
  if (options.includeNamespaces) open.span.setAttribute(ATTRIBUTES.namespace.name, toLabels(path));
  return open;
}
