/** Creates spans, and links spans of grouped calls to their callers. */
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
import { isError } from "../model/realms.ts";

/** Context key of {@link GroupedCall}. */
const GROUPED_CALL = createContextKey("langgraph.store: the callers of a grouped call");

/** A call that several callers share. */
interface GroupedCall {
  /** Spans of the callers; empty for a single one, which is the parent. */
  readonly spans: readonly Span[];
  readonly attributes: Attributes;
}

const NO_GROUP: GroupedCall = { spans: [], attributes: {} };

/** The delegate of `ProxyTracerProvider` while no provider is registered. */
const NO_PROVIDER = new ProxyTracerProvider().getDelegate();

/** A span, and a function that runs a task in it. */
export interface OpenSpan {
  readonly span: Span;
  run<T>(task: () => T): T;
}

/** Creates spans when a provider is registered. */
export class Tracing {
  #given: TracerProvider | undefined;
  #tracer: Tracer = trace.getTracer(SCOPE);
  #isEnabled = false;

  /** Whether a provider is registered. */
  get isEnabled(): boolean {
    return this.#isEnabled;
  }

  /** Switches to a provider; by default to the one of the process. */
  switchTo(given: TracerProvider | undefined): void {
    this.#given = given;
    this.#tracer = (given ?? trace.getTracerProvider()).getTracer(SCOPE);
    this.detectProvider();
  }

  /** Detects a newly registered provider of the process. */
  detectProvider(): void {
    const provider = this.#given ?? trace.getTracerProvider();
    this.#isEnabled = !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== NO_PROVIDER;
  }

  /** Starts a span, as a root or below the caller's active span; null without a provider. */
  beginOperation(name: string, attributes: Attributes, isRoot = false): OpenSpan | null {
    if (!this.#isEnabled) return null;
    const parent = isRoot ? ROOT_CONTEXT : context.active();
    return openSpanOf(this.#tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }, parent), parent);
  }

  /** Starts a span below the active one; null when that is not recorded. */
  beginChild(name: string, kind: SpanKind, attributes: Attributes): OpenSpan | null {
    if (!this.#isEnabled) return null;
    const parent = context.active();
    const outer = trace.getSpan(parent);
    if (outer === undefined || !outer.isRecording()) return null;
    const group = (parent.getValue(GROUPED_CALL) ?? NO_GROUP) as GroupedCall;
    const links = group.spans.map((each) => ({ context: each.spanContext() }));
    const span = this.#tracer.startSpan(name, { kind, attributes: { ...attributes, ...group.attributes }, links }, parent);
    // Linked in both directions: most viewers show a link only at its source.
    for (const each of group.spans) if (each !== outer) each.addLink({ context: span.spanContext() });
    return openSpanOf(span, parent.deleteValue(GROUPED_CALL));
  }
}

function openSpanOf(span: Span, parent: Context): OpenSpan {
  const own = trace.setSpan(parent, span);
  return { span, run: (task) => context.with(own, task) };
}

/** The active context; null when its span is not recorded. */
export function recordedContext(): Context | null {
  const active = context.active();
  return trace.getSpan(active)?.isRecording() === true ? active : null;
}

/** Runs the call of a group in the context of its first caller, with links to all callers. */
export function runGrouped<T>(callers: readonly Context[], attributes: Attributes, task: () => T): T {
  const [first] = callers;
  if (first === undefined) return context.with(ROOT_CONTEXT, task);
  const spans = [...new Set(callers.flatMap((caller) => trace.getSpan(caller) ?? []))];
  const group: GroupedCall = { spans: spans.length === 1 ? [] : spans, attributes };
  return context.with(first.setValue(GROUPED_CALL, group), task);
}

/** Runs a task outside of any trace. */
export function detached<T>(task: () => T): T {
  return context.with(ROOT_CONTEXT, task);
}

/** The code of an error in spans, metrics and logs. */
export function codeOf(error: unknown): string {
  return isStoreError(error) ? error.code : "OTHER";
}

/** Marks a span as failed, without the message of the error, which may contain stored data. */
export function markFailed(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR, message: codeOf(error) });
  span.setAttributes(errorAttributes(error));
}

/** Attributes of an error. */
export function errorAttributes(error: unknown): Attributes {
  return {
    [ATTRIBUTES.errorType.name]: codeOf(error),
    [ATTRIBUTES.errorName.name]: isError(error) ? error.name : "unknown",
    [ATTRIBUTES.retryable.name]: isStoreError(error) && error.retryable,
  };
}

/** Hashes a name; the hash is the same in every process. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
