/** Options of the database that holds the vectors. */
import { z } from "zod";
import { besideMistakes, count } from "./field-types.ts";
import { example, fixed } from "./meta.ts";
import { credential } from "./secrets.ts";
import { refuseTlsWithoutHttps, tls } from "./tls.ts";

const forNewCollection = fixed("counts only when the collection is made; Qdrant's own API changes it afterwards");

/** Qdrant. */
export const qdrant = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).describe("Base address; without a port, https means 443 and http 6333.").meta(example("https://qdrant.internal:6333")),
  tls: tls.optional().describe("TLS of an https address; left out, the authorities that Node.js trusts are trusted."),
  apiKey: credential.optional().describe("API key: the text itself, or a secret reference.").meta(example("vault://secret/agents#qdrant")),
  collection: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,100}$/, "must hold only letters, digits, underscores and hyphens")
    .optional()
    .describe("Alias of the collection; the keyspace's name by default.")
    .meta({ ...example("agents"), ...fixed("holds the vectors: another collection is another store's") }),
  requestTimeoutMs: count.default(10_000).describe("Longest wait for one answer, in milliseconds."),
  maxConnections: count.default(32).describe("Most connections at once."),
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
  m: count.default(16).describe("Links of a node in the graph over all points.").meta(forNewCollection),
  payloadM: count.default(16).describe("Links that a node has besides within each middle-sized namespace prefix.").meta(forNewCollection),
  efConstruct: count.default(100).describe("Neighbours considered while a graph is built.").meta(forNewCollection),
  optimizers: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Qdrant's optimizers_config, as it documents it: the size of segments, each of which has a graph of its own.")
    .meta({ ...example({ max_segment_size: 5_000_000 }), ...forNewCollection }),
  quantization: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Qdrant's quantization_config, as it documents it.")
    .meta({ ...example({ scalar: { type: "int8", always_ram: true } }), ...forNewCollection }),
}).superRefine(refuseTlsWithoutHttps, { when: ({ value }) => hasAddress(value) });

function hasAddress(value: unknown): boolean {
  return besideMistakes.when({ value }) && typeof (value as { readonly url?: unknown }).url === "string";
}
