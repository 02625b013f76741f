/** Spans: who is told of what runs, and in whose name. */
import { createHash } from "node:crypto";
import {
  context,
  createContextKey,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import { isStoreError } from "../model/errors.ts";
import { ATTRIBUTES, SCOPE } from "./names.ts";

/** In the context of a call that serves several: the spans of those that it serves. */
const SHARED = createContextKey("langgraph.store: what is shared, and the spans that share it");

interface Shared {
  readonly spans: readonly Span[];
  readonly attributes: Attributes;
}

const ALONE: Shared = { spans: [], attributes: {} };

/** What `ProxyTracerProvider` goes by while none is registered. */
const NONE = new ProxyTracerProvider().getDelegate();

/** The span of a step, and how the step is run in it. */
export interface Step {
  readonly span: Span;
  run<T>(task: () => T): T;
}

/** Makes spans, where anybody takes them. */
export class Tracing {
  #given: TracerProvider | undefined;
  #tracer: Tracer = trace.getTracer(SCOPE);
  #isOn = false;

  /** Whether anybody takes spans. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** From now on goes by this provider; by the one of the process where none is given. */
  use(given: TracerProvider | undefined): void {
    this.#given = given;
    this.#tracer = (given ?? trace.getTracerProvider()).getTracer(SCOPE);
    this.look();
  }

  /** Looks whether a provider was registered for the process. */
  look(): void {
    const provider = this.#given ?? trace.getTracerProvider();
    this.#isOn = !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== NONE;
  }

  /** A step of its own, or of whatever the caller's code is at; null where nobody takes spans. */
  begin(name: string, attributes: Attributes, isRoot = false): Step | null {
    if (!this.#isOn) return null;
    const parent = isRoot ? ROOT_CONTEXT : context.active();
    return stepOf(this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, parent), parent);
  }

  /** A step of what is under way; null where nothing is recorded of that. */
  within(name: string, kind: SpanKind, attributes: Attributes): Step | null {
    if (!this.#isOn) return null;
    const parent = context.active();
    const outer = trace.getSpan(parent);
    if (outer === undefined || !outer.isRecording()) return null;
    const shared = (parent.getValue(SHARED) ?? ALONE) as Shared;
    const links = shared.spans.map((each) => ({ context: each.spanContext() }));
    const span = this.#tracer.startSpan(name, { kind, attributes: { ...attributes, ...shared.attributes }, links }, parent);
    // Found from either side: most viewers show a link only where it begins.
    for (const each of shared.spans) if (each !== outer) each.addLink({ context: span.spanContext() });
    return stepOf(span, parent.deleteValue(SHARED));
  }
}

function stepOf(span: Span, parent: Context): Step {
  const own = trace.setSpan(parent, span);
  return { span, run: (task) => context.with(own, task) };
}

/** The context in which a caller's work is done; null when nothing of it is recorded. */
export function recordedContext(): Context | null {
  const active = context.active();
  return trace.getSpan(active)?.isRecording() === true ? active : null;
}

/** Runs what several callers share: as a part of the first of them, linked to all. */
export function runShared<T>(callers: readonly Context[], attributes: Attributes, task: () => T): T {
  const [first] = callers;
  if (first === undefined) return context.with(ROOT_CONTEXT, task);
  const spans = [...new Set(callers.flatMap((caller) => trace.getSpan(caller) ?? []))];
  const shared: Shared = { spans: spans.length === 1 ? [] : spans, attributes };
  return context.with(first.setValue(SHARED, shared), task);
}

/** Runs what is on nobody's behalf. */
export function detached<T>(task: () => T): T {
  return context.with(ROOT_CONTEXT, task);
}

/** What an error is called in spans, metrics and logs. */
export function codeOf(error: unknown): string {
  return isStoreError(error) ? error.code : "OTHER";
}

/** Says that a span's work failed. Never the message: it may name what is stored. */
export function markFailed(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: codeOf(error) });
  span.setAttributes(errorAttributes(error));
}

/** Type and code of an error. */
export function errorAttributes(error: unknown): Attributes {
  return {
    [ATTRIBUTES.errorType.name]: codeOf(error),
    [ATTRIBUTES.errorName.name]: error instanceof Error ? error.name : "unknown",
    [ATTRIBUTES.retryable.name]: isStoreError(error) && error.retryable,
  };
}

/** A name that does not tell what it is of; the same in every process. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
