/** Options of the database that holds the vectors. */
import { z } from "zod";
import { besideMistakes, count } from "./field-types.ts";
import { example, fixed } from "./meta.ts";
import { credential } from "./secrets.ts";
import { refuseTlsWithoutHttps, tls } from "./tls.ts";

const forNewCollection = fixed("applies only when the collection is created; use Qdrant's API to change it afterwards");

/** Qdrant. */
export const qdrant = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe("Base URL; the default port is 443 for https and 6333 for http.").meta(example("https://qdrant.internal:6333")),
  tls: tls.optional().describe("TLS of an https URL; by default the CAs that Node.js trusts."),
  apiKey: credential.optional().describe("API key: the text itself, or a secret reference.").meta(example("vault://secret/agents#qdrant")),
  collection: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, "must hold only letters, digits, underscores and hyphens")
    .optional()
    .describe("Alias of the collection; the keyspace's name by default.")
    .meta({ ...example("agents"), ...fixed("holds the vectors: another collection belongs to another store") }),
  requestTimeoutMs: count.default(10_000).describe("Timeout of one request, in milliseconds."),
  maxConnections: count.default(32).describe("Most concurrent connections."),
  headers: z
    .record(z.string(), credential)
    .optional()
    .describe("Headers added to every request; each value is the text itself, or a secret reference.")
    .meta(example({ "x-team": "agents" })),
  shardNumber: count.optional().describe("Shards of a new collection.").meta({ ...example(2), ...forNewCollection }),
  replicationFactor: count.optional().describe("Replicas of each shard of a new collection.").meta({ ...example(2), ...forNewCollection }),
  writeConsistencyFactor: count.optional().describe("Replicas that must confirm a write to a new collection.").meta({ ...example(2), ...forNewCollection }),
  onDiskVectors: z.boolean().optional().describe("Keeps vectors of a new collection on disk.").meta(forNewCollection),
  onDiskPayload: z.boolean().optional().describe("Keeps payloads of a new collection on disk.").meta(forNewCollection),
  m: count.default(16).describe("Links per node in the HNSW graph over all points.").meta(forNewCollection),
  payloadM: count.default(16).describe("Additional links per node within each middle-sized namespace prefix.").meta(forNewCollection),
  efConstruct: count.default(100).describe("Neighbors considered while the graph is built.").meta(forNewCollection),
  optimizers: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Qdrant's optimizers_config, for example the size of segments; each segment has its own graph.")
    .meta({ ...example({ max_segment_size: 5_000_000 }), ...forNewCollection }),
  quantization: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Qdrant's quantization_config.")
    .meta({ ...example({ scalar: { type: "int8", always_ram: true } }), ...forNewCollection }),
}).superRefine(refuseTlsWithoutHttps, { when: ({ value }) => hasAddress(value) });

function hasAddress(value: unknown): boolean {
  return besideMistakes.when({ value }) && typeof (value as { readonly url?: unknown }).url === "string";
}
