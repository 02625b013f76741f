/** The state of alerts: a condition that holds long enough fires one; its absence for long enough resolves it. */
import { createHash } from "node:crypto";
import type { AlertNotice } from "../../ports/alerts.ts";
import type { Condition, Violation } from "./conditions.ts";
import type { History } from "./history.ts";

/** When alerts resolve and repeat. */
export interface AlertBookOptions {
  /** Name of the process in messages. */
  readonly source: string;
  /** Id of the store; two stores of one process or host have separate alerts. */
  readonly store: string;
  /** Time without the condition before its alert resolves, milliseconds; a condition that comes and goes is one alert. */
  readonly resolveAfterMs: number;
  /** Interval at which a firing alert repeats, milliseconds. */
  readonly repeatAfterMs: number;
  /** Location of the runbook; # and the name of the condition are appended. */
  readonly runbook: string;
}

interface Entry {
  readonly condition: Condition;
  violation: Violation;
  /** When the condition was first found. */
  readonly since: Date;
  readonly sinceAt: number;
  /** When the condition was last found. */
  seenAt: number;
  /** When the condition was first absent; null while it holds or is unknown. */
  absentSince: number | null;
  /** When the alert was last reported; null before it fires. */
  notifiedAt: number | null;
}

/** Longest id that PagerDuty accepts. */
const MAX_ID = 255;

/** Keeps the alerts of one store. */
export class AlertBook {
  readonly #options: AlertBookOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AlertBookOptions) {
    this.#options = options;
  }

  /** The firing alerts, oldest first. */
  firing(): AlertNotice[] {
    return [...this.#entries.values()].filter(({ notifiedAt }) => notifiedAt !== null).map((entry) => this.#notice(entry, null, false));
  }

  /**
   * Evaluates all conditions.
   *
   * @param now - wall clock, for messages
   * @param at - monotonic clock, milliseconds
   * @returns the notices to send
   */
  evaluate(conditions: readonly Condition[], history: History, now: Date, at: number): AlertNotice[] {
    const snapshot = history.newest;
    if (snapshot === null) return [];
    for (const condition of conditions) {
      const violations = condition.find(snapshot, history);
      if (violations === null) this.#keepAll(condition, at);
      else for (const violation of violations) this.#add(condition, violation, now, at);
    }
    return [...this.#entries].flatMap(([key, entry]) => this.#noticesOf(key, entry, now, at));
  }

  /** Takes over the alerts of another book, so that they do not fire twice. */
  takeOver(other: AlertBook): void {
    for (const [key, entry] of other.#entries) this.#entries.set(key, entry);
    other.#entries.clear();
  }

  /** Resolves all firing alerts when the store stops. */
  close(now: Date): AlertNotice[] {
    const closed = [...this.#entries.values()]
      .filter(({ notifiedAt }) => notifiedAt !== null)
      .map((entry) => this.#notice(entry, now, false))
      .map((notice) => ({ ...notice, summary: `No longer watched because the store was stopped or its alerts were reconfigured: ${notice.summary}` }));
    this.#entries.clear();
    return closed;
  }

  #add(condition: Condition, violation: Violation, now: Date, at: number): void {
    const key = `${condition.name} ${violation.subject ?? ""}`;
    const known = this.#entries.get(key);
    // Before the alert fires, the condition must hold without interruption.
    if (known === undefined) {
      this.#entries.set(key, { condition, violation, since: now, sinceAt: at, seenAt: at, absentSince: null, notifiedAt: null });
      return;
    }
    known.violation = violation;
    known.seenAt = at;
  }

  #keepAll({ name }: Condition, at: number): void {
    for (const entry of this.#entries.values()) if (entry.condition.name === name) entry.seenAt = at;
  }

  #noticesOf(key: string, entry: Entry, now: Date, at: number): AlertNotice[] {
    const { condition, sinceAt, notifiedAt } = entry;
    const isAbsent = entry.seenAt < at;
    entry.absentSince = isAbsent ? (entry.absentSince ?? at) : null;
    if (notifiedAt === null) {
      if (isAbsent) this.#entries.delete(key);
      if (isAbsent || at - sinceAt < condition.rule.forMs) return [];
      entry.notifiedAt = at;
      return [this.#notice(entry, null, false)];
    }
    if (entry.absentSince !== null && at - entry.absentSince >= this.#options.resolveAfterMs) {
      this.#entries.delete(key);
      return [this.#notice(entry, now, false)];
    }
    if (isAbsent || at - notifiedAt < this.#options.repeatAfterMs) return [];
    entry.notifiedAt = at;
    return [this.#notice(entry, null, true)];
  }

  #notice({ condition, violation, since }: Entry, endedAt: Date | null, isRepeat: boolean): AlertNotice {
    const { source, store, runbook } = this.#options;
    const { subject, value, limit, summary } = violation;
    const { name } = condition;
    return {
      status: endedAt === null ? "firing" : "resolved",
      isRepeat,
      id: bounded(["langgraph-store", source, store, name, ...(subject === null ? [] : [subject])].join("/")),
      condition: name,
      subject,
      severity: condition.rule.severity,
      summary,
      value,
      limit,
      source,
      startedAt: since.toISOString(),
      endedAt: endedAt?.toISOString() ?? null,
      runbook: `${runbook}#${name}`,
    };
  }
}

/** Shortens a long id; a hash keeps it unique. */
function bounded(id: string): string {
  if (id.length <= MAX_ID) return id;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 16);
  return `${id.slice(0, MAX_ID - hash.length - 1)}~${hash}`;
}
