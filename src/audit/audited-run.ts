/**
 * Writes audit entries for operations. Under `block`, an intent is written before the operation and an outcome after it, so
 * that no operation is missing from the trail. Under `continue`, only the outcome is written, and no operation waits for it.
 */
import { randomUUID } from "node:crypto";
import { rejected } from "../concurrency/outcomes.ts";
import { AuditError, isStoreError, messageOf } from "../model/errors.ts";
import { toLabels } from "../model/namespace.ts";
import { operationOf, type Request } from "../model/request.ts";
import type { AuditEntry } from "../ports/audit.ts";
import type { Caller, RunRequests } from "../ports/requests.ts";
import type { AuditTrail } from "./audit-trail.ts";

/** Options of audited operations. */
export interface AuditedRunOptions<Answer> {
  readonly trail: AuditTrail;
  /** Whether gets, searches and listings are recorded too. */
  readonly reads: boolean;
  /** Returns the actor of a call whose view has none; null when unknown. Throws only under `block`. */
  readonly actor: () => string | null;
  /** Whether `actor` alone determines the actor; the actor of the view is then ignored. */
  readonly isActorVerified: boolean;
  /** Returns the version of the record of an answer; null without one. */
  readonly versionOf: (answer: Answer) => number | null;
}

/** Longest recorded actor, characters; longer ones are cut. */
const LONGEST_ACTOR = 256;

/** Wraps the runner of requests with audit entries. */
export function audited<Answer>(run: RunRequests<Answer>, options: AuditedRunOptions<Answer>): RunRequests<Answer> {
  const { trail, reads } = options;
  return async (requests, caller) => {
    const subjects = requests.filter(({ kind }) => reads || kind === "put");
    if (subjects.length === 0) return run(requests, caller);
    const startTimes = new Map(subjects.map((request) => [request, performance.now()]));
    const refused = new Map<Request, PromiseRejectedResult>();
    const intents = await writeIntents(subjects, caller, options, refused);
    const permitted = refused.size === 0 ? requests : requests.filter((request) => !refused.has(request));
    const outcomes = permitted.length === 0 ? [] : await run(permitted, caller);
    const outcomeByRequest = new Map(permitted.map((request, i) => [request, outcomes[i] as PromiseSettledResult<Answer>]));
    const entries = permitted.flatMap((request): AuditEntry[] => {
      const intent = intents.get(request);
      const outcome = outcomeByRequest.get(request);
      if (intent === undefined || outcome === undefined) return [];
      const durationMs = Math.round(performance.now() - (startTimes.get(request) ?? performance.now()));
      return [{ ...intent, phase: "outcome", ...resultOf(outcome, options.versionOf), durationMs }];
    });
    if (trail.policy === "continue") trail.writeLater(entries);
    else if (entries.length > 0) await writeOutcomes(trail, entries, intents, outcomeByRequest);
    return requests.map((request) => refused.get(request) ?? (outcomeByRequest.get(request) as PromiseSettledResult<Answer>));
  };
}

/** Creates the intents of requests; under `block`, writes them and refuses requests whose intent fails. */
async function writeIntents<Answer>(
  subjects: readonly Request[],
  caller: Caller,
  { trail, actor, isActorVerified }: AuditedRunOptions<Answer>,
  refused: Map<Request, PromiseRejectedResult>,
): Promise<Map<Request, AuditEntry>> {
  const intents = new Map<Request, AuditEntry>();
  try {
    const by = nameOf(isActorVerified ? actor() : (caller.actor ?? actor()));
    const time = new Date().toISOString();
    for (const request of subjects) intents.set(request, intentOf(request, by, time));
  } catch (cause) {
    for (const request of subjects) refused.set(request, rejected(withoutEntry(cause)));
    return intents;
  }
  if (trail.policy !== "block") return intents;
  const written = await trail.write([...intents.values()]);
  for (const [i, request] of [...intents.keys()].entries()) {
    const outcome = written[i];
    if (outcome?.status === "rejected") refused.set(request, rejected(withoutEntry(outcome.reason)));
  }
  return intents;
}

function withoutEntry(cause: unknown): AuditError {
  const text = `The intent of the operation could not be written to the audit trail: ${messageOf(cause)} Nothing was done.`;
  return new AuditError(text, false, { cause });
}

/** Writes the outcomes. A successful operation whose outcome cannot be written fails; a failed one keeps its error. */
async function writeOutcomes<Answer>(
  trail: AuditTrail,
  entries: readonly AuditEntry[],
  intents: ReadonlyMap<Request, AuditEntry>,
  outcomeByRequest: Map<Request, PromiseSettledResult<Answer>>,
): Promise<void> {
  const written = await trail.write(entries);
  // An entry has the id of its intent.
  const lost = new Map(written.flatMap((outcome, i) => (outcome.status === "rejected" ? [[entries[i]?.id, outcome.reason as unknown]] : [])));
  if (lost.size === 0) return;
  for (const [request, outcome] of outcomeByRequest) {
    const id = intents.get(request)?.id;
    if (outcome.status !== "fulfilled" || id === undefined || !lost.has(id)) continue;
    const cause = lost.get(id);
    const text = "The operation took effect, but its outcome could not be written to the audit trail, only its intent: ";
    outcomeByRequest.set(request, rejected(new AuditError(`${text}${messageOf(cause)}`, true, { cause })));
  }
}

function resultOf<Answer>(
  outcome: PromiseSettledResult<Answer>,
  versionOf: (answer: Answer) => number | null,
): Pick<AuditEntry, "outcome" | "version"> {
  if (outcome.status === "fulfilled") return { outcome: "ok", version: versionOf(outcome.value) };
  return { outcome: isStoreError(outcome.reason) ? outcome.reason.code : "ERROR", version: null };
}

function intentOf(request: Request, actor: string | null, time: string): AuditEntry {
  return {
    id: randomUUID(),
    phase: "intent",
    time,
    actor,
    operation: operationOf(request),
    ...subjectOf(request),
    version: null,
    outcome: null,
    durationMs: null,
  };
}

function subjectOf(request: Request): Pick<AuditEntry, "namespace" | "key"> {
  switch (request.kind) {
    case "search":
      return { namespace: toLabels(request.prefix), key: null };
    case "list-namespaces":
      return { namespace: toLabels(request.scope), key: null };
    default:
      return { namespace: toLabels(request.namespace), key: request.key };
  }
}

function nameOf(actor: string | null): string | null {
  return actor === null ? null : actor.toWellFormed().slice(0, LONGEST_ACTOR);
}
