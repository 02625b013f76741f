/** Options of the database that holds the records. */
import type { Client } from "cassandra-driver";
import { z } from "zod";
import { besideMistakes, count, mustBe, pattern } from "./field-types.ts";
import { cloud, pooling, profiles, speculativeExecution } from "./driver.ts";
import { example, fixed } from "./meta.ts";
import { credential } from "./secrets.ts";
import { refuseTlsTwice, refuseWeakSsl, tls } from "./tls.ts";

const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,47}$/, "must begin with a letter and hold at most 48 letters, digits and underscores");

/** ScyllaDB, Cassandra or Astra DB. */
export const cql = z
  .strictObject({
    contactPoints: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Nodes to start from: "host" or "host:port". Not with `cloud` or `client`.')
      .meta(example(["10.0.0.1", "10.0.0.2"])),
    port: z.int().min(1).max(65_535).optional().describe("Port of contact points that name none; 9042 by default.").meta(example(9042)),
    localDataCenter: z
      .string()
      .min(1)
      .optional()
      .describe("Data centre whose nodes serve the operations; `nodetool status` shows it.")
      .meta(example("datacenter1")),
    cloud: cloud.optional(),
    keyspace: identifier.describe("Keyspace of the store; made at the first start.").meta({
      ...example("agents"),
      ...fixed("holds the records: another keyspace is another store"),
    }),
    credentials: z
      .strictObject({
        username: credential.describe("Name of the role: the text itself, or a secret reference.").meta(example("agents")),
        password: credential
          .describe("Its password: the text itself, or a secret reference.")
          .meta(example("vault://secret/agents#password")),
      })
      .optional()
      .describe("Login by name and password, of the moment at each new connection."),
    tls: tls.optional().describe("TLS; {} trusts the authorities that Node.js trusts. Left out, nothing is encrypted."),
    ssl: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("TLS as the options of Node's tls.connect(), for what `tls` does not offer; not with `tls`. Certificates are verified unless rejectUnauthorized is false; minVersion is TLSv1.2 or newer."),
    replication: z
      .record(z.string().min(1), count)
      .optional()
      .describe("Replicas by data centre; by default the lesser of 3 and the number of local nodes.")
      .meta({
        ...example({ datacenter1: 3 }),
        ...fixed("counts only when the keyspace is made; ALTER KEYSPACE changes it afterwards"),
      }),
    client: z
      .custom<Client>((value) => typeof value === "object" && value !== null && "execute" in value, mustBe("be a cassandra-driver Client"))
      .optional()
      .describe("A driver Client of your own, with its own policies; it is never shut down by the store."),
    buckets: z
      .array(z.strictObject({ namespace: pattern, buckets: z.int().min(1).max(256).describe("Number of partitions of each of these namespaces.") }))
      .default([])
      .describe("Partitions of a huge namespace; the first rule that fits wins, otherwise it has one.")
      .meta({
        ...example([{ namespace: ["logs"], buckets: 16 }]),
        ...fixed("says in which partitions the records already lie"),
      }),
    requestTimeoutMs: count
      .default(6_000)
      .describe("Longest wait for the answer of one node, in milliseconds; a little above the server's own time-outs."),
    profiles,
    pooling,
    speculativeExecution: speculativeExecution.optional(),
  })
  .superRefine((options, context) => {
    refuseTlsTwice(options, context);
    refuseWeakSsl(options, context);
    refuseTwoWaysToConnect(options, context);
    refuseForeignProfiles(options, context);
    if (options.client !== undefined || options.cloud !== undefined) return;
    for (const name of ["contactPoints", "localDataCenter"] as const) {
      if (options[name] === undefined) context.addIssue({ code: "custom", path: [name], message: "is required without `cloud` or `client`" });
    }
  }, besideMistakes);

/** The profiles of a client that the store makes are these options. */
function refuseForeignProfiles({ client, profiles: given }: { readonly client?: unknown; readonly profiles: unknown }, context: z.RefinementCtx): void {
  if (client !== undefined || typeof given !== "object" || given === null) return;
  for (const [purpose, profile] of Object.entries(given)) {
    if ((profile as { readonly executionProfile?: unknown } | null)?.executionProfile === undefined) continue;
    context.addIssue({
      code: "custom",
      path: ["profiles", purpose, "executionProfile"],
      message: "names a profile of a client of your own: give cql.client too",
    });
  }
}

/** What a client of the caller's own, or a bundle, already says. */
const REQUIRED_BY = {
  client: ["contactPoints", "port", "credentials", "tls", "ssl", "cloud", "speculativeExecution"],
  cloud: ["contactPoints", "port", "localDataCenter", "tls", "ssl"],
} as const;

function refuseTwoWaysToConnect(options: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const [way, names] of Object.entries(REQUIRED_BY)) {
    for (const name of options[way] === undefined ? [] : names) {
      if (options[name] === undefined) continue;
      context.addIssue({ code: "custom", path: [name], message: `and cql.${way} exclude each other: leave one of them out` });
    }
  }
}
