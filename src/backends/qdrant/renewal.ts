/** Corrects the ends of points. */
import type { VectorRenewal } from "../../ports/vector-index.ts";
import type { PointsOfCall } from "./client.ts";
import { pointId } from "./point.ts";
import type { Schema } from "./schema.ts";

/** Renewals of one request. */
const MAX_RENEWALS = 500;

/** Sets or removes the end of each point, in the server's own conditional write: only while the version is the one given. */
export async function renewPoints({ client, path, deadline }: PointsOfCall, renewals: readonly VectorRenewal[]): Promise<void> {
  for (let start = 0; start < renewals.length; start += MAX_RENEWALS) {
    const operations = together(renewals.slice(start, start + MAX_RENEWALS)).map(toOperation);
    await client.request<"updatePoints">("POST", `${path}/batch?wait=true`, { operations }, "correct the ends of points", deadline);
  }
}

/** Renewals that say the same of several points. */
function together(renewals: readonly VectorRenewal[]): VectorRenewal[][] {
  return [...Map.groupBy(renewals, ({ version, expiresAt }) => `${version} ${expiresAt}`).values()];
}

function toOperation(renewals: readonly VectorRenewal[]): Schema<"UpdateOperation"> {
  const [first] = renewals as [VectorRenewal, ...VectorRenewal[]];
  const { version, expiresAt } = first;
  const filter: Schema<"Filter"> = { must: [{ has_id: renewals.map(pointId) }, { key: "version", match: { value: version } }] };
  return expiresAt === null
    ? { delete_payload: { keys: ["expires_at"], filter } }
    : { set_payload: { payload: { expires_at: expiresAt }, filter } };
}
