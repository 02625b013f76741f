/** Changes the expiry of points. */
import type { VectorRenewal } from "../../ports/vector-index.ts";
import type { PointsOfCall } from "./client.ts";
import { pointId } from "./point.ts";
import type { Schema } from "./schema.ts";

/** Most renewals per request. */
const MAX_RENEWALS = 500;

/** Sets or removes the expiry of each point with a conditional write: only if the stored version is the one given. */
export async function renewPoints({ client, path, deadline }: PointsOfCall, renewals: readonly VectorRenewal[]): Promise<void> {
  for (let start = 0; start < renewals.length; start += MAX_RENEWALS) {
    const operations = groupsOf(renewals.slice(start, start + MAX_RENEWALS)).map(toOperation);
    await client.request<"updatePoints">("POST", `${path}/batch?wait=true`, { operations }, "change the expiry of points", deadline);
  }
}

/** Groups renewals that make the same change to several points. */
function groupsOf(renewals: readonly VectorRenewal[]): VectorRenewal[][] {
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
