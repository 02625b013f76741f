/** Reports completed operations to counts, metrics, spans and the log. */
import { randomUUID } from "node:crypto";
import type { Attributes, Span } from "@opentelemetry/api";
import type { DegradedReason } from "../model/degraded-reason.ts";
import { isError } from "../model/realms.ts";
import { operationOf, type Request } from "../model/request.ts";
import type { SearchMode } from "../model/search-mode.ts";
import { attributesOf } from "./instruments.ts";
import type { OperationCounts } from "./ledger.ts";
import { ATTRIBUTES, SPAN_EVENTS, type OperationName } from "./names.ts";
import { rounded, type Breakdown, type OperationTime } from "./operation-time.ts";
import { RepeatedLines } from "./repeated-lines.ts";
import type { Telemetry } from "./telemetry.ts";
import { codeOf, errorAttributes, markFailed } from "./tracing.ts";

/** Facts of a search result. */
interface SearchFacts {
  readonly mode: SearchMode | "filter";
  readonly degraded: boolean;
  readonly reason: DegradedReason | null;
  readonly truncated: boolean;
  readonly results: number;
}

/** Returns the facts of a search result; null for other answers. */
export type FactsOf<Answer> = (answer: Answer) => SearchFacts | null;

/** Codes of rejections that are caused by the caller, not by the store or a server. */
const CALLER_CODES: ReadonlySet<string> = new Set(["VALIDATION", "ABORTED", "RATE_LIMITED", "CLOSED"]);

/** Shortest interval between two log lines of one kind of operation, milliseconds. */
const QUIET_MS = 10_000;

/** Most failures of a batch that its span lists. */
const MOST_FAILURES = 10;

/** A completed call. */
interface CompletedCall<Answer> {
  readonly requests: readonly Request[];
  readonly outcomes: readonly PromiseSettledResult<Answer>[];
  readonly ms: number;
  readonly now: number;
  readonly time: OperationTime | null;
  readonly span: Span | null;
}

/** One operation, as recorded in metrics. */
interface Measured {
  readonly request: Request;
  readonly operation: OperationName;
  /** Code of the error; null without one. */
  readonly code: string | null;
  readonly facts: SearchFacts | null;
  /** Size of the value of a put; null for other operations. */
  readonly bytes: number | null;
  readonly ms: number;
}

/** Counts completed operations, and reports them to spans, metrics and the log. */
export class OperationReport<Answer> {
  readonly #telemetry: Telemetry;
  readonly #factsOf: FactsOf<Answer>;
  readonly #lines = new RepeatedLines(QUIET_MS);

  constructor(telemetry: Telemetry, factsOf: FactsOf<Answer>) {
    this.#telemetry = telemetry;
    this.#factsOf = factsOf;
  }

  /** As {@link completed}, for a get without span and metrics: only counts it unless it was slow or failed. */
  completedGet(requests: readonly Request[], outcomes: readonly PromiseSettledResult<Answer>[], startedAt: number): void {
    const { ledger, options } = this.#telemetry;
    const now = performance.now();
    const ms = now - startedAt;
    ledger.inFlight -= 1;
    if (outcomes[0]?.status !== "fulfilled" || ms > options.slowOperationMs) {
      this.completed({ requests, outcomes, ms, now, time: null, span: null });
      return;
    }
    const { get } = ledger.operations;
    get.count += 1;
    get.latency.record(ms, now);
  }

  completed(call: CompletedCall<Answer>): void {
    const { requests, outcomes, ms, now, span } = call;
    const { slowOperationMs } = this.#telemetry.options;
    const isFailed = outcomes.some(isFault);
    requests.forEach((request, i) => {
      const outcome = outcomes[i];
      if (outcome !== undefined) this.#count(request, outcome, ms, now);
    });
    const id = span !== null || isFailed || ms > slowOperationMs ? randomUUID() : "";
    if (span?.isRecording() === true) this.#describe(call, span, id);
    if (ms > slowOperationMs) this.#logSlow(call, id);
    if (isFailed) this.#logFailed(call, id);
  }

  #count(request: Request, outcome: PromiseSettledResult<Answer>, ms: number, now: number): void {
    const { ledger, instruments, options } = this.#telemetry;
    const operation = operationOf(request);
    const counts = ledger.operations[operation];
    counts.count += 1;
    counts.latency.record(ms, now);
    if (ms > options.slowOperationMs) counts.slow += 1;
    const code = outcome.status === "rejected" ? codeOf(outcome.reason) : null;
    if (code !== null) countFailure(counts, code);
    const facts = outcome.status === "fulfilled" && operation === "search" ? this.#factsOf(outcome.value) : null;
    const reason = facts?.reason ?? null;
    if (reason !== null) ledger.degraded.set(reason, (ledger.degraded.get(reason) ?? 0) + 1);
    const bytes = request.kind === "put" ? (request.value?.bytes.byteLength ?? null) : null;
    if (bytes !== null) countValue(ledger.values, bytes);
    if (instruments.areEnabled) this.#measure({ request, operation, code, facts, bytes, ms });
  }

  #measure({ request, operation, code, facts, bytes, ms }: Measured): void {
    const { instruments, options, tenants } = this.#telemetry;
    const tenant = tenants.labelOf(pathOf(request), options);
    const result = code !== null ? "error" : facts?.degraded === true ? "degraded" : "ok";
    instruments.record("operationDuration", ms / 1_000, attributesOf({ operation, outcome: result, errorType: code, tenant }));
    const ofKind = attributesOf({ operation });
    if (ms > options.slowOperationMs) instruments.add("slowOperations", 1, ofKind);
    if (code === "RATE_LIMITED") instruments.add("rateLimited", 1, ofKind);
    const reason = facts?.reason ?? null;
    if (reason !== null) instruments.add("degradedSearches", 1, attributesOf({ reason }));
    if (bytes !== null) instruments.record("valueSize", bytes);
  }

  /** Adds the outcome of the call to its span. */
  #describe({ requests, outcomes, time, now }: CompletedCall<Answer>, span: Span, id: string): void {
    span.setAttributes({ [ATTRIBUTES.operationId.name]: id, ...(time === null ? {} : timeAttributes(time.breakdown(now))) });
    const [first] = outcomes;
    if (requests.length === 1 && first?.status === "fulfilled") {
      const facts = this.#factsOf(first.value);
      const outcome = facts?.degraded === true ? "degraded" : "ok";
      span.setAttributes(attributesOf({ outcome, ...(facts === null ? {} : searchLabels(facts)) }));
      return;
    }
    const failed = requests.flatMap((request, i) => {
      const outcome = outcomes[i];
      return outcome?.status === "rejected" ? [{ request, reason: outcome.reason as unknown }] : [];
    });
    span.setAttributes(attributesOf({ outcome: failed.length === 0 ? "ok" : "error" }));
    const [failure] = failed;
    if (failure === undefined) return;
    markFailed(span, failure.reason);
    if (requests.length === 1) return;
    for (const { request, reason } of failed.slice(0, MOST_FAILURES)) {
      span.addEvent(SPAN_EVENTS.failed.name, { [ATTRIBUTES.operation.name]: operationOf(request), ...errorAttributes(reason) });
    }
  }

  /** Logs a failure without its message, which may contain stored data and is returned to the caller. */
  #logFailed({ requests, outcomes, ms, now, span }: CompletedCall<Answer>, operationId: string): void {
    const position = outcomes.findIndex(isFault);
    const [request, outcome] = [requests[position], outcomes[position]];
    if (request === undefined || outcome?.status !== "rejected") return;
    const operation = operationOf(request);
    const code = codeOf(outcome.reason);
    const suppressed = this.#lines.due(`${operation} ${code}`, now);
    if (suppressed === null) return;
    const error = isError(outcome.reason) ? outcome.reason.name : "unknown";
    const fields = { operationId, operation, code, error, durationMs: rounded(ms), ...traceOf(span), suppressed };
    this.#telemetry.logger.warn(fields, "an operation failed");
  }

  #logSlow({ requests, outcomes, ms, time, now, span }: CompletedCall<Answer>, operationId: string): void {
    const [first] = requests;
    if (first === undefined) return;
    const operation = requests.length > 1 ? "batch" : operationOf(first);
    const suppressed = this.#lines.due(operation, now);
    if (suppressed === null) return;
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    const fields = {
      operationId,
      operation,
      operations: requests.length,
      durationMs: rounded(ms),
      ...(time === null ? { recordsMs: rounded(ms) } : time.breakdown(now)),
      outcome: failure === undefined ? "ok" : codeOf(failure.reason),
      ...traceOf(span),
      suppressed,
    };
    this.#telemetry.logger.warn(fields, "an operation was slow");
  }
}

/** Whether an operation failed because of the store or a server. */
function isFault(outcome: PromiseSettledResult<unknown>): boolean {
  return outcome.status === "rejected" && !CALLER_CODES.has(codeOf(outcome.reason));
}

function countFailure(counts: OperationCounts, code: string): void {
  if (CALLER_CODES.has(code)) counts.refused += 1;
  else counts.failed += 1;
  if (code === "RATE_LIMITED") counts.rateLimited += 1;
}

function countValue(values: { puts: number; bytes: number; largest: number }, bytes: number): void {
  values.puts += 1;
  values.bytes += bytes;
  if (bytes > values.largest) values.largest = bytes;
}

function searchLabels({ mode, degraded, reason, truncated, results }: SearchFacts) {
  return { mode, degraded, reason, truncated, results };
}

function timeAttributes({ embeddingMs, recordsMs, vectorsMs, queueMs }: Breakdown): Attributes {
  return attributesOf({ timeEmbedding: embeddingMs, timeRecords: recordsMs, timeVectors: vectorsMs, timeQueue: queueMs });
}

function traceOf(span: Span | null): { readonly traceId?: string; readonly spanId?: string } {
  if (span === null) return {};
  const { traceId, spanId } = span.spanContext();
  return { traceId, spanId };
}

/** The namespace, prefix or scope of an operation. */
export function pathOf(request: Request): string {
  switch (request.kind) {
    case "search":
      return request.prefix;
    case "list-namespaces":
      return request.scope;
    default:
      return request.namespace;
  }
}
