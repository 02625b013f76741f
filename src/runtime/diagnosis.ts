/** Checks everything that a running store depends on, for the command `doctor`. */
import { settled } from "../concurrency/outcomes.ts";
import type { CommonConfig } from "../config/schema.ts";
import { messageOf } from "../model/errors.ts";
import { passed, type Finding } from "../ports/diagnosis.ts";
import type { Health } from "../telemetry/health.ts";
import type { Runtime } from "./runtime.ts";

/** Text that is embedded to check the embedder; it is not stored. */
const PROBE = "Does the embedder answer?";

/** A query that takes longer to embed makes every search slow, milliseconds. */
const SLOW_EMBEDDING_MS = 2_000;

/** Time for one answer of the embedder, milliseconds. */
const EMBEDDING_DEADLINE_MS = 30_000;

/** Checks the databases, the embedder, the backlog and the audit trail. Asks the embedding provider twice. */
export async function diagnose(runtime: Runtime): Promise<Finding[]> {
  const { config, databases } = runtime;
  const [health, backend, embedder] = await Promise.all([runtime.health(), databases.diagnose(), checkEmbedder(config)]);
  return [serviceOf(health), ...backend, embedder, backlogOf(health), auditOf(health)];
}

function serviceOf({ records, vectors }: Health): Finding {
  const check = "Reads";
  const down = [records, vectors].find((service) => service?.status === "down");
  if (down !== undefined && down !== null) return { check, status: "problem", detail: down.error ?? "no answer", fix: "Start the server, and check address, credentials and TLS." };
  return passed(check, `records answer in ${records.latencyMs} ms${vectors === null ? "" : `, vectors in ${vectors.latencyMs} ms`}`);
}

async function checkEmbedder({ index }: CommonConfig): Promise<Finding> {
  const check = "Embedder";
  if (index === undefined) return { check, status: "warning", detail: "none configured: searches list and filter only", fix: "Set index.dims and index.embeddings for semantic search." };
  let startedAt = performance.now();
  // The first call connects, or loads the model; only the second one takes as long as in a search.
  const embed = async (): Promise<ArrayLike<number>> => {
    await index.embeddings.embedQuery(PROBE);
    startedAt = performance.now();
    return index.embeddings.embedQuery(PROBE);
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${EMBEDDING_DEADLINE_MS} ms`)), EMBEDDING_DEADLINE_MS);
  });
  const answer = await settled(Promise.race([embed(), late]));
  clearTimeout(timer);
  if (answer.status === "rejected") return { check, status: "problem", detail: messageOf(answer.reason), fix: "Check key, quota and network of the embedding provider." };
  const ms = Math.round(performance.now() - startedAt);
  const { length } = answer.value;
  if (length !== index.dims) return { check, status: "problem", detail: `returned ${length} numbers, but index.dims is ${index.dims}`, fix: `Set index.dims to ${length}, or configure the model that has ${index.dims}.` };
  const detail = `${length} dimensions in ${ms} ms`;
  if (ms <= SLOW_EMBEDDING_MS) return passed(check, detail);
  return { check, status: "warning", detail, fix: "Every search waits for this: use a provider that is nearer, or a smaller model." };
}

function backlogOf({ backlog }: Health): Finding {
  const check = "Backlog";
  if (backlog === null) return { check, status: "problem", detail: "could not be counted", fix: "Start the database of the records." };
  const { intents, deadLettered, overdueMs, unreadable } = backlog;
  const detail = `${intents} intents, ${deadLettered} dead-lettered, overdue by ${Math.round(overdueMs / 1000)} s`;
  if (deadLettered > 0) return { check, status: "problem", detail, fix: "Read the log for the cause, fix it, and run: scylladb-store reconcile" };
  if (unreadable > 0) return { check, status: "warning", detail: `${detail}, ${unreadable} of a newer version`, fix: "Upgrade all processes to the newest version in use." };
  if (overdueMs <= 60_000) return passed(check, detail);
  return { check, status: "warning", detail, fix: "Run: scylladb-store reconcile" };
}

function auditOf({ audit }: Health): Finding {
  const check = "Audit trail";
  if (audit === null) return passed(check, "none configured");
  if (!audit.failing && audit.lost === 0) return passed(check, "entries are kept");
  return { check, status: "problem", detail: `${audit.lost} entries lost`, fix: "Check disk space and rights of audit.file, or the table audit." };
}
