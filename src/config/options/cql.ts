/** Options of the database that holds the records. */
import type { Client } from "cassandra-driver";
import { z } from "zod";
import { besideMistakes, count, must, pattern } from "./field-types.ts";
import { cloud, pooling, profiles, speculativeExecution } from "./driver.ts";
import { example, fixed } from "./meta.ts";
import { credential } from "./secrets.ts";
import { refuseTlsTwice, refuseWeakSsl, tls } from "./tls.ts";

/** A name in CQL that needs no quotes. */
export const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,47}$/, "must begin with a letter and hold at most 48 letters, digits and underscores");

/** ScyllaDB, Cassandra or Astra DB. */
export const cql = z
  .strictObject({
    contactPoints: z
      .array(
        z
          .string()
          .min(1)
          .refine((point) => !/[\s/]/.test(point), 'must be "host" or "host:port", without a scheme such as http:// and without blanks'),
      )
      .min(1)
      .optional()
      .describe('Nodes to start from: "host" or "host:port". Not with `cloud` or `client`.')
      .meta(example(["10.0.0.1", "10.0.0.2"])),
    port: z.int().min(1).max(65_535).optional().describe("Port of contact points without one; 9042 by default.").meta(example(9042)),
    localDataCenter: z
      .string()
      .min(1)
      .optional()
      .describe("Data center whose nodes serve the operations; `nodetool status` lists it.")
      .meta(example("datacenter1")),
    cloud: cloud.optional(),
    keyspace: identifier.describe("Keyspace of the store; created at the first start.").meta({
      ...example("agents"),
      ...fixed("holds the records: another keyspace is another store"),
    }),
    credentials: z
      .strictObject({
        username: credential.describe("Name of the role: the text itself, or a secret reference.").meta(example("agents")),
        password: credential
          .describe("Password of the role: the text itself, or a secret reference.")
          .meta(example("vault://secret/agents#password")),
      })
      .optional()
      .describe("Login by name and password; secret references are resolved at each new connection."),
    tls: tls.optional().describe("TLS; {} trusts the CAs that Node.js trusts. By default connections are not encrypted."),
    ssl: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("Options of Node's tls.connect(), for settings that `tls` does not have; cannot be combined with `tls`. Certificates are verified unless rejectUnauthorized is false; minVersion is TLSv1.2 or newer."),
    replication: z
      .record(z.string().min(1), count)
      .optional()
      .describe("Replicas by data center for a new keyspace; by default 3 in the local one, or the number of its nodes if smaller.")
      .meta({
        ...example({ datacenter1: 3 }),
        ...fixed("applies only when the keyspace is created; use ALTER KEYSPACE to change it afterwards"),
      }),
    client: z
      .custom<Client>((value) => typeof value === "object" && value !== null && "execute" in value, must("be a cassandra-driver Client"))
      .optional()
      .describe("Your own driver Client, with its own policies; the store does not shut it down."),
    buckets: z
      .array(z.strictObject({ namespace: pattern, buckets: z.int().min(1).max(256).describe("Number of partitions of each matching namespace.") }))
      .default([])
      .describe("Partitions per namespace, for huge namespaces; the first matching rule applies, and the default is one. To change those of an existing store, use the command rebucket.")
      .meta({
        ...example([{ namespace: ["logs"], buckets: 16 }]),
        ...fixed("determines the partitions of existing records"),
      }),
    requestTimeoutMs: count
      .default(6_000)
      .describe("Timeout of a request to one node, in milliseconds; keep it above the server's own timeouts."),
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

/** Without `client`, the store's own client has no execution profiles to refer to. */
function refuseForeignProfiles({ client, profiles: given }: { readonly client?: unknown; readonly profiles: unknown }, context: z.RefinementCtx): void {
  if (client !== undefined || typeof given !== "object" || given === null) return;
  for (const [purpose, profile] of Object.entries(given)) {
    if ((profile as { readonly executionProfile?: unknown } | null)?.executionProfile === undefined) continue;
    context.addIssue({
      code: "custom",
      path: ["profiles", purpose, "executionProfile"],
      message: "names an execution profile of your own client: set cql.client too",
    });
  }
}

/** Options that `client` or `cloud` already determines. */
const EXCLUDED_BY = {
  client: ["contactPoints", "port", "credentials", "tls", "ssl", "cloud", "speculativeExecution"],
  cloud: ["contactPoints", "port", "localDataCenter", "tls", "ssl"],
} as const;

function refuseTwoWaysToConnect(options: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const [way, names] of Object.entries(EXCLUDED_BY)) {
    for (const name of options[way] === undefined ? [] : names) {
      if (options[name] === undefined) continue;
      context.addIssue({ code: "custom", path: [name], message: `and cql.${way} exclude each other: leave one of them out` });
    }
  }
}
