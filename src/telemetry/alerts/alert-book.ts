/** Which alerts there are: what lasts long enough begins one, what is over for long enough ends it. */
import { createHash } from "node:crypto";
import type { AlertNotice } from "../../ports/alerts.ts";
import type { Condition, Finding } from "./conditions.ts";
import type { History } from "./history.ts";

/** When alerts end and are told again. */
export interface AlertBookOptions {
  /** Names the process in messages. */
  readonly source: string;
  /** Identifies the store: two stores of one process or host have alerts of their own. */
  readonly store: string;
  /** What is over has to be so for so long, milliseconds, before its alert ends: what comes and goes is one alert. */
  readonly resolveAfterMs: number;
  /** What fires on is told again after so long, milliseconds. */
  readonly repeatAfterMs: number;
  /** Where the runbook is; the name of the condition follows it. */
  readonly runbook: string;
}

interface Entry {
  readonly condition: Condition;
  finding: Finding;
  /** When it was first seen. */
  readonly since: Date;
  readonly sinceAt: number;
  /** When it was last seen to be wrong. */
  seenAt: number;
  /** Since when all is well with it; null while it is not, or nobody can tell. */
  wellSince: number | null;
  /** When it was last told; null while it has not lasted long enough. */
  notifiedAt: number | null;
}

/** Longest id, as PagerDuty takes them. */
const MAX_ID = 255;

/** Keeps the alerts of one store. */
export class AlertBook {
  readonly #options: AlertBookOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: AlertBookOptions) {
    this.#options = options;
  }

  /** Those that fire, the first first. */
  firing(): AlertNotice[] {
    return [...this.#entries.values()].filter(({ notifiedAt }) => notifiedAt !== null).map((entry) => this.#notice(entry, null, false));
  }

  /**
   * Looks at what is wrong now.
   *
   * @param now - by the clock of the host, for messages
   * @param at - milliseconds of a clock that only goes forward
   * @returns what is to be told
   */
  look(conditions: readonly Condition[], history: History, now: Date, at: number): AlertNotice[] {
    const snapshot = history.newest;
    if (snapshot === null) return [];
    for (const condition of conditions) {
      const findings = condition.find(snapshot, history);
      if (findings === null) this.#keepAll(condition, at);
      else for (const finding of findings) this.#see(condition, finding, now, at);
    }
    return [...this.#entries].flatMap(([key, entry]) => this.#noticesOf(key, entry, now, at));
  }

  /** Goes on with the alerts of another, so that none is told twice. */
  takeOver(other: AlertBook): void {
    for (const [key, entry] of other.#entries) this.#entries.set(key, entry);
    other.#entries.clear();
  }

  /** Ends all that fire, as nobody watches them any more. */
  close(now: Date): AlertNotice[] {
    const closed = [...this.#entries.values()]
      .filter(({ notifiedAt }) => notifiedAt !== null)
      .map((entry) => this.#notice(entry, now, false))
      .map((notice) => ({ ...notice, summary: `No longer watched, as the store was stopped: ${notice.summary}` }));
    this.#entries.clear();
    return closed;
  }

  #see(condition: Condition, finding: Finding, now: Date, at: number): void {
    const key = `${condition.name} ${finding.subject ?? ""}`;
    const known = this.#entries.get(key);
    // What has not lasted long enough has to last without a break.
    if (known === undefined) {
      this.#entries.set(key, { condition, finding, since: now, sinceAt: at, seenAt: at, wellSince: null, notifiedAt: null });
      return;
    }
    known.finding = finding;
    known.seenAt = at;
  }

  #keepAll({ name }: Condition, at: number): void {
    for (const entry of this.#entries.values()) if (entry.condition.name === name) entry.seenAt = at;
  }

  #noticesOf(key: string, entry: Entry, now: Date, at: number): AlertNotice[] {
    const { condition, sinceAt, notifiedAt } = entry;
    const isWell = entry.seenAt < at;
    entry.wellSince = isWell ? (entry.wellSince ?? at) : null;
    if (notifiedAt === null) {
      if (isWell) this.#entries.delete(key);
      if (isWell || at - sinceAt < condition.rule.forMs) return [];
      entry.notifiedAt = at;
      return [this.#notice(entry, null, false)];
    }
    if (entry.wellSince !== null && at - entry.wellSince >= this.#options.resolveAfterMs) {
      this.#entries.delete(key);
      return [this.#notice(entry, now, false)];
    }
    if (isWell || at - notifiedAt < this.#options.repeatAfterMs) return [];
    entry.notifiedAt = at;
    return [this.#notice(entry, null, true)];
  }

  #notice({ condition, finding, since }: Entry, closed: Date | null, isRepeat: boolean): AlertNotice {
    const { source, store, runbook } = this.#options;
    const { subject, value, limit, summary } = finding;
    const { name } = condition;
    return {
      status: closed === null ? "firing" : "resolved",
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
      endedAt: closed?.toISOString() ?? null,
      runbook: `${runbook}#${name}`,
    };
  }
}

/** Two long ids that begin alike stay two. */
function bounded(id: string): string {
  if (id.length <= MAX_ID) return id;
  const hash = createHash("sha256").update(id).digest("hex").slice(0, 16);
  return `${id.slice(0, MAX_ID - hash.length - 1)}~${hash}`;
}
