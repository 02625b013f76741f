/** Checks of a Qdrant deployment: version, collection, strict mode, encryption. */
import { messageOf } from "../../model/errors.ts";
import { passed, type Finding } from "../../ports/diagnosis.ts";
import { readCollection, serverVersion } from "./admin.ts";
import type { QdrantClient } from "./client.ts";

/** What the checks work with. */
export interface DiagnosisParts {
  readonly client: QdrantClient;
  /** Name of the collection in use. */
  readonly collection: string;
  readonly isComplete: boolean;
  readonly isUnavailable: boolean;
  /** The configured `qdrant.collection`, and the recorded one if it is another. */
  readonly configured: string;
  readonly previousName: string | null;
  readonly url: string;
}

/** Strict-mode limits that requests of the store would exceed. */
const STRICT_LIMITS: Readonly<Record<string, number>> = { max_query_limit: 1_000, upsert_max_batchsize: 256, filter_max_conditions: 64 };

/** Runs all checks; a check that fails is a finding itself. */
export async function diagnoseQdrant(parts: DiagnosisParts): Promise<Finding[]> {
  return [await version(parts), await collection(parts), nameOf(parts), await strictMode(parts), encryption(parts)];
}

async function version({ client }: DiagnosisParts): Promise<Finding> {
  const check = "Qdrant server";
  try {
    return passed(check, `version ${await serverVersion(client)}`);
  } catch (error) {
    return { check, status: "problem", detail: messageOf(error), fix: "Start Qdrant, and check qdrant.url, qdrant.apiKey and qdrant.tls." };
  }
}

async function collection({ client, collection: name, isComplete, isUnavailable }: DiagnosisParts): Promise<Finding> {
  const check = "Qdrant collection";
  if (isUnavailable) return { check, status: "problem", detail: `${name} cannot be used`, fix: "Start Qdrant. If the collection was lost, run: scylladb-store migrate up, then: scylladb-store repair" };
  try {
    const { status, points_count: points } = (await readCollection(client, name)) as { readonly status?: string; readonly points_count?: number };
    const detail = `${name}: ${points ?? 0} points, status ${status ?? "unknown"}`;
    if (!isComplete) return { check, status: "problem", detail: `${detail}; it is being rebuilt and searches are degraded`, fix: "Wait until the rebuild is complete, or run: scylladb-store repair" };
    if (status !== "red") return passed(check, detail);
    return { check, status: "problem", detail, fix: "Read the log of Qdrant: an optimization failed. Restart Qdrant after the cause is fixed." };
  } catch (error) {
    return { check, status: "problem", detail: messageOf(error), fix: "Run: scylladb-store migrate up" };
  }
}

function nameOf({ configured, previousName }: DiagnosisParts): Finding {
  const check = "Qdrant collection name";
  if (previousName === null) return passed(check, configured);
  return {
    check,
    status: "problem",
    detail: `qdrant.collection is "${configured}", but was "${previousName}" before: searches do not find earlier items by their vectors`,
    fix: `Set qdrant.collection to ${previousName}. To keep ${configured}, run: scylladb-store repair`,
  };
}

async function strictMode({ client, collection: name }: DiagnosisParts): Promise<Finding> {
  const check = "Qdrant strict mode";
  try {
    const { config } = (await readCollection(client, name)) as { readonly config: { readonly strict_mode_config?: Readonly<Record<string, unknown>> | null } };
    const strict = config.strict_mode_config;
    if (strict === undefined || strict === null || strict["enabled"] !== true) return passed(check, "off");
    const tight = Object.entries(STRICT_LIMITS).filter(([limit, least]) => typeof strict[limit] === "number" && strict[limit] < least);
    if (tight.length === 0) return passed(check, "on, with limits that the store does not exceed");
    return { check, status: "problem", detail: tight.map(([limit]) => `${limit} is ${String(strict[limit])}`).join(", "), fix: `Raise ${tight.map(([limit, least]) => `${limit} to ${least}`).join(", ")} for the collection ${name}.` };
  } catch (error) {
    return { check, status: "problem", detail: `could not be checked: ${messageOf(error)}`, fix: "Fix the cause that the message names, and run doctor again." };
  }
}

function encryption({ url }: DiagnosisParts): Finding {
  const check = "Qdrant encryption";
  if (url.startsWith("https:")) return passed(check, "TLS");
  return { check, status: "warning", detail: "connections are not encrypted", fix: "Outside a trusted network, use https:// in qdrant.url (docs/security.md)." };
}
