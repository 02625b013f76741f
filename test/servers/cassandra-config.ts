import { join } from "node:path";

/** Data centre of every node started here; the name that SimpleSnitch gives, on Cassandra as on ScyllaDB. */
export const LOCAL_DATA_CENTER = "datacenter1";

/** TLS for clients of a node, who must show a certificate. */
export interface CassandraTls {
  /** Port for clients that encrypt; the other one stays for those that do not. */
  readonly port: number;
  /** Certificate and key of the node, PEM. */
  readonly cert: string;
  readonly key: string;
  /** Certificate of the authority that issues the clients' certificates, PEM. */
  readonly clientCa: string;
}

/** What one node's files say. */
export interface CassandraNodeConfig {
  readonly folder: string;
  readonly dataFolder: string;
  readonly host: string;
  /** The CQL port. */
  readonly port: number;
  readonly storagePort: number;
  /** Addresses of the nodes that a starting node asks for the ring. */
  readonly seeds: readonly string[];
  /** Token of the node. Default: chosen by Cassandra. */
  readonly token?: bigint;
  /** TLS for clients, beside the plain port; absent, there is none. */
  readonly tls?: CassandraTls;
  /** Whether clients must log in (user and password "cassandra", as Cassandra creates them). */
  readonly authentication: boolean;
  /** Java heap in MB. */
  readonly heapMb: number;
  /** "quick" compiles once and cheaply: starts sooner and is faster in short runs; "full" is for benchmarks. */
  readonly jit: "quick" | "full";
  /** Whether a created or changed table survives a kill. Each statement then waits for a flush to disk. */
  readonly durableSchema: boolean;
  /** "batch" acknowledges a write once it is on disk; "periodic", the usual one, may lose the last 100 ms to a kill. */
  readonly commitLog: "batch" | "periodic";
  /** Port of JMX on the loopback address, for nodetool; absent, there is none. */
  readonly jmxPort?: number;
}

/** The text of `cassandra.yaml`: Cassandra's defaults but for addresses, folders and what piles up in tests. */
export function cassandraYaml(config: CassandraNodeConfig): string {
  const settings = {
    cluster_name: "tests",
    num_tokens: 1,
    ...(config.token === undefined ? {} : { initial_token: String(config.token) }),
    // A new cluster has no data to stream, so a node joins without the usual wait.
    auto_bootstrap: false,
    partitioner: "org.apache.cassandra.dht.Murmur3Partitioner",
    endpoint_snitch: "SimpleSnitch",
    listen_address: config.host,
    storage_port: config.storagePort,
    rpc_address: config.host,
    native_transport_port: config.port,
    seed_provider: [
      {
        class_name: "org.apache.cassandra.locator.SimpleSeedProvider",
        parameters: [{ seeds: config.seeds.map((seed) => `${seed}:${config.storagePort}`).join(",") }],
      },
    ],
    commitlog_sync: config.commitLog,
    ...(config.commitLog === "periodic" ? { commitlog_sync_period: "10000ms" } : {}),
    auto_snapshot: false,
    // The limits that a store must live with; Cassandra's defaults, written out because tests rely on them.
    batch_size_warn_threshold: "5KiB",
    batch_size_fail_threshold: "50KiB",
    materialized_views_enabled: false,
    ...(config.tls === undefined ? {} : encryption(config.tls)),
    ...(config.authentication ? { authenticator: "PasswordAuthenticator", authorizer: "CassandraAuthorizer" } : {}),
  };
  // YAML reads JSON, so quoting is JSON's.
  return JSON.stringify(settings, undefined, 2);
}

function encryption({ port, cert, key, clientCa }: CassandraTls): object {
  return {
    native_transport_port_ssl: port,
    client_encryption_options: {
      enabled: true,
      optional: false,
      require_client_auth: true,
      ssl_context_factory: {
        class_name: "org.apache.cassandra.security.PEMBasedSslContextFactory",
        parameters: { private_key: key + cert, trusted_certificates: clientCa },
      },
    },
  };
}

/** The text of `logback.xml`: everything to standard output, without the chatter of each flush and compaction. */
export const LOGBACK_XML = `<configuration>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %d{HH:mm:ss.SSS} %logger{0} %msg%n</pattern></encoder>
  </appender>
  <logger name="org.apache.cassandra.db" level="WARN"/>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`;

/** Arguments of `java` that open what Cassandra's own programs use of Java 17. */
export function moduleArguments(): string[] {
  return [...OPENED_PACKAGES.map((name) => `--add-opens=${name}=ALL-UNNAMED`), ...EXPORTED_PACKAGES.map((name) => `--add-exports=${name}=ALL-UNNAMED`)];
}

/** Arguments of `java` for one node, up to and including the main class. */
export function javaArguments(config: CassandraNodeConfig, jars: string): string[] {
  const { folder, heapMb } = config;
  return [
    ...moduleArguments(),
    "-Djdk.attach.allowAttachSelf=true",
    `-Xms${Math.ceil(heapMb / 4)}m`,
    `-Xmx${heapMb}m`,
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    ...(config.jit === "quick" ? ["-XX:TieredStopAtLevel=1"] : []),
    // A killed JVM leaves the native libraries that it unpacked and its counters; in the node's folder they go with it.
    `-Djava.io.tmpdir=${join(folder, "tmp")}`,
    "-XX:-UsePerfData",
    "-Dcassandra-foreground=yes",
    `-Dcassandra.config=file://${join(folder, "cassandra.yaml")}`,
    `-Dcassandra.storagedir=${config.dataFolder}`,
    `-Dlogback.configurationFile=file://${join(folder, "logback.xml")}`,
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
    ...(config.jmxPort === undefined ? [] : [`-Dcassandra.jmx.local.port=${config.jmxPort}`, "-Dcom.sun.management.jmxremote.authenticate=false"]),
    ...(config.durableSchema ? [] : ["-Dcassandra.test.flush_local_schema_changes=false"]),
    "-cp",
    join(jars, "*"),
    "org.apache.cassandra.service.CassandraDaemon",
  ];
}

// What Cassandra's own start script opens to itself on Java 17.
const OPENED_PACKAGES = [
  "java.base/java.io",
  "java.base/java.lang",
  "java.base/java.lang.module",
  "java.base/java.lang.reflect",
  "java.base/java.math",
  "java.base/java.net",
  "java.base/java.nio",
  "java.base/java.util",
  "java.base/java.util.concurrent",
  "java.base/java.util.concurrent.atomic",
  "java.base/jdk.internal.loader",
  "java.base/jdk.internal.math",
  "java.base/jdk.internal.module",
  "java.base/jdk.internal.ref",
  "java.base/jdk.internal.reflect",
  "java.base/jdk.internal.util.jar",
  "java.base/sun.nio.ch",
  "jdk.management/com.sun.management.internal",
];

const EXPORTED_PACKAGES = [
  "java.base/java.lang.ref",
  "java.base/jdk.internal.misc",
  "java.base/jdk.internal.ref",
  "java.base/sun.nio.ch",
  "java.management.rmi/com.sun.jmx.remote.internal.rmi",
  "java.rmi/sun.rmi.registry",
  "java.rmi/sun.rmi.server",
  "java.sql/java.sql",
  "jdk.unsupported/sun.misc",
];
