/** The alert conditions: one pure function of the snapshots for each. */
import type { AlertCondition, AlertSeverity } from "../../ports/alerts.ts";
import type { Service } from "../../ports/events.ts";
import type { History } from "./history.ts";
import type { AlertSnapshot } from "./snapshot.ts";

/** When a condition fires an alert, and its severity. */
interface Rule {
  readonly enabled: boolean;
  readonly severity: AlertSeverity;
  /** Time that the condition must hold before the alert fires, milliseconds. */
  readonly forMs: number;
}

interface WindowRule extends Rule {
  /** Length of the sliding window, milliseconds. */
  readonly windowMs: number;
}

interface ShareRule extends WindowRule {
  /** Fewest samples in the window; with fewer, the condition is not evaluated. */
  readonly minCount: number;
}

/** Options of the conditions. */
export interface AlertRules {
  readonly breakerOpen: Rule;
  readonly poolExhausted: Rule & { readonly above: number };
  readonly nodeUnreachable: Rule;
  readonly errorRate: ShareRule & { readonly above: number };
  readonly vectorSyncFailing: WindowRule & { readonly above: number };
  readonly latencyP99: Rule & { readonly aboveMs: number };
  readonly slowOperations: ShareRule & { readonly above: number };
  readonly embeddingCache: ShareRule & { readonly below: number };
  readonly backlogBehind: Rule & { readonly aboveMs: number };
  readonly deadIntents: Rule & { readonly above: number };
  readonly vectorsLost: Rule;
  readonly searchDegraded: Rule;
  readonly secretRefreshFailing: WindowRule;
  readonly auditFailing: Rule;
}

/** A violation of a condition. */
export interface Violation {
  readonly subject: string | null;
  readonly value: number | null;
  readonly limit: number | null;
  readonly summary: string;
}

/** A condition with its rule. */
export interface Condition {
  readonly name: AlertCondition;
  readonly rule: Rule;
  /** Returns the violations; null when they are unknown, which leaves its alerts unchanged. */
  find(snapshot: AlertSnapshot, history: History): readonly Violation[] | null;
}

const NAMES: Readonly<Record<Service, string>> = {
  records: "the CQL database",
  vectors: "Qdrant",
  embeddings: "the embedding provider",
};

const SERVICES = ["records", "vectors", "embeddings"] as const;

/** Time after its opening during which a breaker counts as open, milliseconds, so that a flapping breaker keeps its alert. */
const RECENTLY_MS = 60_000;

const NOTHING: readonly Violation[] = [];

/** Longest window of the rules, milliseconds. */
export function longestWindow(rules: AlertRules): number {
  return Math.max(RECENTLY_MS, ...Object.values(rules).map((rule: Rule | WindowRule) => ("windowMs" in rule ? rule.windowMs : 0)));
}

/** The enabled conditions. */
export function conditionsOf(rules: AlertRules): Condition[] {
  return [...ofServices(rules), ...ofOperations(rules), ...ofMaintenance(rules)].filter(({ rule }) => rule.enabled);
}

function ofServices(rules: AlertRules): Condition[] {
  return [
    {
      name: "breaker-open",
      rule: rules.breakerOpen,
      find: ({ breakers }, history) =>
        SERVICES.filter(
          (service) =>
            (breakers[service] ?? "closed") !== "closed" ||
            history.growth(RECENTLY_MS, ({ breakerOpenings }) => breakerOpenings[service] ?? 0) > 0,
        ).map((service) => violation(service, `Calls to ${NAMES[service]} keep failing: its circuit breaker is open.`)),
    },
    {
      name: "pool-exhausted",
      rule: rules.poolExhausted,
      find({ pool }) {
        const { above } = rules.poolExhausted;
        if (pool === null || pool.capacity === 0) return NOTHING;
        const share = pool.inFlight / pool.capacity;
        if (share <= above) return NOTHING;
        const summary = `${percent(share)} of the request slots of the CQL connections are in use; beyond 100 %, requests wait.`;
        return [{ subject: null, value: share, limit: above, summary }];
      },
    },
    {
      name: "node-unreachable",
      rule: rules.nodeUnreachable,
      find: ({ nodes }) =>
        nodes.filter(({ isUp }) => !isUp).map(({ name }) => violation(name, `The CQL node ${name} is unreachable.`)),
    },
  ];
}

function ofOperations(rules: AlertRules): Condition[] {
  return [
    {
      name: "error-rate",
      rule: rules.errorRate,
      find: (_, history) =>
        violationsOfShare(rules.errorRate, history, "operations", "failed", (value) => ({
          isWrong: value > rules.errorRate.above,
          limit: rules.errorRate.above,
          summary: `${percent(value)} of the operations of the last ${minutes(rules.errorRate.windowMs)} failed.`,
        })),
    },
    {
      name: "latency-p99",
      rule: rules.latencyP99,
      find({ p99Ms }) {
        const { aboveMs } = rules.latencyP99;
        return Object.entries(p99Ms)
          .filter(([, ms]) => ms > aboveMs)
          .map(([operation, ms]) => ({
            subject: operation,
            value: ms,
            limit: aboveMs,
            summary: `The 99th percentile of the latency of ${operation} is ${Math.round(ms)} ms.`,
          }));
      },
    },
    {
      name: "slow-operations",
      rule: rules.slowOperations,
      find: (_, history) =>
        violationsOfShare(rules.slowOperations, history, "operations", "slow", (value) => ({
          isWrong: value > rules.slowOperations.above,
          limit: rules.slowOperations.above,
          summary: `${percent(value)} of the operations of the last ${minutes(rules.slowOperations.windowMs)} were slow.`,
        })),
    },
    {
      name: "embedding-cache",
      rule: rules.embeddingCache,
      find: (_, history) =>
        violationsOfShare(rules.embeddingCache, history, "lookups", "cacheHits", (value) => ({
          isWrong: value < rules.embeddingCache.below,
          limit: rules.embeddingCache.below,
          summary: `The hit rate of the embedding cache was ${percent(value)} in the last ${minutes(rules.embeddingCache.windowMs)}.`,
        })),
    },
    {
      name: "search-degraded",
      rule: rules.searchDegraded,
      find: ({ isSearchDegraded }) =>
        isSearchDegraded ? [violation(null, "Searches with a query are ranked by keywords instead of similarity.")] : NOTHING,
    },
  ];
}

function ofMaintenance(rules: AlertRules): Condition[] {
  return [
    {
      name: "vector-sync-failing",
      rule: rules.vectorSyncFailing,
      find(_, history) {
        const { above, windowMs } = rules.vectorSyncFailing;
        const value = history.growth(windowMs, ({ vectorSyncFailures }) => vectorSyncFailures);
        if (value <= above) return NOTHING;
        const summary = `${value} items were stored without vectors in the last ${minutes(windowMs)}; they are queued.`;
        return [{ subject: null, value, limit: above, summary }];
      },
    },
    {
      name: "backlog-behind",
      rule: rules.backlogBehind,
      find({ backlog }) {
        if (backlog === null) return null;
        const { aboveMs } = rules.backlogBehind;
        if (backlog.overdueMs <= aboveMs) return NOTHING;
        const summary = `The oldest due intent has waited for ${minutes(backlog.overdueMs)}; ${backlog.intents} intents are recorded.`;
        return [{ subject: null, value: backlog.overdueMs, limit: aboveMs, summary }];
      },
    },
    {
      name: "dead-intents",
      rule: rules.deadIntents,
      find({ backlog }) {
        if (backlog === null) return null;
        const { above } = rules.deadIntents;
        if (backlog.deadLettered <= above) return NOTHING;
        const summary = `${backlog.deadLettered} intents are dead-lettered: a retry does not help.`;
        return [{ subject: null, value: backlog.deadLettered, limit: above, summary }];
      },
    },
    {
      name: "vectors-lost",
      rule: rules.vectorsLost,
      find: ({ hasAllVectors }) =>
        hasAllVectors ? NOTHING : [violation(null, "The Qdrant collection was lost: searches are degraded until it is rebuilt.")],
    },
    {
      name: "secret-refresh-failing",
      rule: rules.secretRefreshFailing,
      find({ counts }, history) {
        const { windowMs } = rules.secretRefreshFailing;
        return Object.keys(counts.secretFailures)
          .filter((secret) => history.growth(windowMs, ({ secretFailures }) => secretFailures[secret] ?? 0) > 0)
          .map((secret) => violation(secret, `The secret ${secret} cannot be refreshed: its last valid text stays active.`));
      },
    },
    {
      name: "audit-failing",
      rule: rules.auditFailing,
      find: ({ isAuditFailing }) => (isAuditFailing ? [violation(null, "The audit trail cannot be written.")] : NOTHING),
    },
  ];
}

/** Evaluates a ratio of two counts in the window, if there are enough samples. */
function violationsOfShare(
  { windowMs, minCount }: ShareRule,
  history: History,
  total: "operations" | "lookups",
  part: "failed" | "slow" | "cacheHits",
  judge: (share: number) => { readonly isWrong: boolean; readonly limit: number; readonly summary: string },
): readonly Violation[] {
  const all = history.growth(windowMs, (counts) =>
    total === "operations" ? counts.operations : counts.cacheHits + counts.cacheMisses,
  );
  if (all < minCount) return NOTHING;
  const value = history.growth(windowMs, (counts) => counts[part]) / all;
  const { isWrong, limit, summary } = judge(value);
  return isWrong ? [{ subject: null, value, limit, summary }] : NOTHING;
}

function violation(subject: string | null, summary: string): Violation {
  return { subject, value: null, limit: null, summary };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function minutes(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
