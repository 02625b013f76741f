/** Converts options to those of the driver, except addresses and credentials. */
import { readFile } from "node:fs/promises";
import { policies, types, type ClientOptions, type QueryOptions } from "cassandra-driver";
import { ConfigurationError } from "../../model/errors.ts";
import type { Logger } from "../../ports/logger.ts";

/** Consistency levels of reads. */
type ReadConsistency = "ONE" | "TWO" | "THREE" | "QUORUM" | "ALL" | "LOCAL_ONE" | "LOCAL_QUORUM";

/** Consistency levels of writes. */
type Consistency = ReadConsistency | "EACH_QUORUM";

/** Purpose of a statement; determines consistency, timeout and idempotence. */
export type Purpose = "read" | "write" | "scan" | "copy" | "settings" | "settings-any" | "settings-all" | "schema";

/** Execution of statements of one purpose. */
interface ProfileOptions<Level extends Consistency> {
  /** @default "LOCAL_QUORUM" */
  readonly consistency?: Level;
  /** Timeout of a request to one node, milliseconds. */
  readonly timeoutMs?: number;
  /** Name of an execution profile of the caller's client. */
  readonly executionProfile?: string;
}

/** Options of the driver. */
export interface DriverOptions {
  readonly profiles?: {
    readonly read?: ProfileOptions<ReadConsistency>;
    readonly write?: ProfileOptions<Consistency>;
    readonly scan?: ProfileOptions<ReadConsistency>;
    readonly schema?: ProfileOptions<ReadConsistency>;
  };
  readonly pooling?: {
    readonly connectionsPerNode?: number;
    readonly maxRequestsPerConnection?: number;
    readonly heartbeatMs?: number;
    readonly warmUp?: boolean;
  };
  /** Off by default. */
  readonly speculativeExecution?: { readonly delayMs: number; readonly maxExecutions: number };
  /** Astra DB: addresses and TLS of the nodes. */
  readonly cloud?: { readonly secureConnectBundle: string };
  readonly requestTimeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 6_000;
const SCHEMA_TIMEOUT_MS = 30_000;

/** Options of each purpose. Passed with every request, because a caller's client does not have our profiles. */
export function profilesFor({ profiles = {}, requestTimeoutMs = DEFAULT_TIMEOUT_MS }: DriverOptions): Readonly<Record<Purpose, QueryOptions>> {
  const of = (purpose: "read" | "write" | "scan" | "schema", timeoutMs: number): QueryOptions => {
    const { consistency = "LOCAL_QUORUM", timeoutMs: own = timeoutMs, executionProfile } = profiles[purpose] ?? {};
    return {
      consistency: CONSISTENCIES[consistency],
      readTimeout: own,
      ...(executionProfile === undefined ? {} : { executionProfile }),
    };
  };
  const data: QueryOptions = { prepare: true, isIdempotent: true };
  const settings = withQuorum({ ...data, ...of("read", requestTimeoutMs) });
  return {
    read: { ...data, ...of("read", requestTimeoutMs) },
    write: { ...data, ...of("write", requestTimeoutMs) },
    scan: { ...data, ...of("scan", 2 * requestTimeoutMs) },
    copy: withQuorum({ ...data, ...of("scan", 2 * requestTimeoutMs) }),
    settings,
    "settings-any": { ...settings, consistency: CONSISTENCIES.LOCAL_ONE },
    "settings-all": { ...settings, consistency: CONSISTENCIES.ALL },
    schema: { isIdempotent: false, ...of("schema", Math.max(SCHEMA_TIMEOUT_MS, requestTimeoutMs)) },
  };
}

/** Returns options with at least a quorum: all processes must agree on settings, and a copy must not miss a record, also where reads and writes of records are weaker. */
export function withQuorum(options: QueryOptions): QueryOptions {
  const isQuorum = QUORUMS.some((level) => CONSISTENCIES[level] === options.consistency);
  return isQuorum ? options : { ...options, consistency: CONSISTENCIES.LOCAL_QUORUM };
}

const CONSISTENCIES: Readonly<Record<Consistency, types.consistencies>> = {
  ONE: types.consistencies.one,
  TWO: types.consistencies.two,
  THREE: types.consistencies.three,
  QUORUM: types.consistencies.quorum,
  ALL: types.consistencies.all,
  LOCAL_ONE: types.consistencies.localOne,
  LOCAL_QUORUM: types.consistencies.localQuorum,
  EACH_QUORUM: types.consistencies.eachQuorum,
};

const QUORUMS: readonly Consistency[] = ["QUORUM", "LOCAL_QUORUM", "EACH_QUORUM", "ALL"];

/** Warns when reads may miss writes or one lost node may lose an acknowledged write. */
export function warnOfWeakConsistency({ profiles = {} }: DriverOptions, logger: Logger): void {
  const weak = (["read", "write", "scan"] as const).filter((purpose) => {
    const { consistency = "LOCAL_QUORUM" } = profiles[purpose] ?? {};
    return !QUORUMS.includes(consistency);
  });
  if (weak.length === 0) return;
  const options = weak.map((purpose) => `cql.profiles.${purpose}.consistency`);
  const what = "reads may miss earlier writes, and one lost node may lose an acknowledged write";
  logger.warn({ options }, `${options.join(" and ")} set less than a quorum: ${what}`);
}

/** Returns the corresponding options of the driver. */
export function clientOptionsFor({ pooling = {}, speculativeExecution, cloud }: DriverOptions): {
  readonly pooling: NonNullable<ClientOptions["pooling"]>;
  readonly policies: Pick<NonNullable<ClientOptions["policies"]>, "speculativeExecution">;
  readonly cloud?: NonNullable<ClientOptions["cloud"]>;
} {
  const { connectionsPerNode, maxRequestsPerConnection, heartbeatMs, warmUp } = pooling;
  return {
    pooling: {
      ...(connectionsPerNode === undefined ? {} : { coreConnectionsPerHost: { [types.distance.local]: connectionsPerNode } }),
      ...(maxRequestsPerConnection === undefined ? {} : { maxRequestsPerConnection }),
      ...(heartbeatMs === undefined ? {} : { heartBeatInterval: heartbeatMs }),
      ...(warmUp === undefined ? {} : { warmup: warmUp }),
    },
    policies:
      speculativeExecution === undefined
        ? {}
        : {
            speculativeExecution: new policies.speculativeExecution.ConstantSpeculativeExecutionPolicy(
              speculativeExecution.delayMs,
              speculativeExecution.maxExecutions,
            ),
          },
    ...(cloud === undefined ? {} : { cloud: { secureConnectBundle: cloud.secureConnectBundle } }),
  };
}

/** Start of a zip archive. */
const ARCHIVE = Buffer.from("PK\u0003\u0004", "latin1");

/**
 * Validates the bundle, because errors of the driver do not name it.
 *
 * @throws {ConfigurationError} when the bundle cannot be read or is not an archive.
 */
export async function checkBundle({ cloud }: DriverOptions): Promise<void> {
  if (cloud === undefined) return;
  const path = cloud.secureConnectBundle;
  const option = "cql.cloud.secureConnectBundle";
  const fix = "download it from the database's page of Astra DB, and set its path on this machine.";
  let start: Buffer;
  try {
    start = (await readFile(path)).subarray(0, ARCHIVE.length);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`${option} is ${JSON.stringify(path)}, which cannot be read (${code}): ${fix}`, { details: { option, code } });
  }
  if (start.equals(ARCHIVE)) return;
  throw new ConfigurationError(`${option} is ${JSON.stringify(path)}, which is not a .zip archive: ${fix}`, { details: { option } });
}
