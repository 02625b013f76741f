import type { ServerAddresses } from "./server-addresses.ts";

/**
 * Reads the addresses of running servers from the environment: `TEST_CQL_CONTACT_POINTS` ("host:port,host:port", one
 * port for all), `TEST_CQL_LOCAL_DC`, `TEST_QDRANT_URL`, and where the servers ask for them `TEST_CQL_USERNAME` with
 * `TEST_CQL_PASSWORD`, and `TEST_QDRANT_API_KEY`.
 *
 * @returns undefined where none of the variables is set
 * @throws Error naming the variable that is missing or malformed, where some but not all are set
 */
export function serversFromEnvironment(env: NodeJS.ProcessEnv): ServerAddresses | undefined {
  const set = ALL.filter((name) => env[name]);
  if (set.length === 0) return undefined;
  const missing = REQUIRED.filter((name) => !env[name]);
  if (missing.length > 0) throw new Error(`${set.join(", ")} set, but not ${missing.join(", ")}: set all, or none`);
  const username = env["TEST_CQL_USERNAME"];
  const password = env["TEST_CQL_PASSWORD"];
  if (Boolean(username) !== Boolean(password)) {
    throw new Error("TEST_CQL_USERNAME and TEST_CQL_PASSWORD go together: set both, or neither");
  }
  const apiKey = env["TEST_QDRANT_API_KEY"];
  return {
    cql: {
      contactPoints: contactPoints(env["TEST_CQL_CONTACT_POINTS"] ?? ""),
      localDataCenter: env["TEST_CQL_LOCAL_DC"] ?? "",
      ...(username && password ? { credentials: { username, password } } : {}),
    },
    qdrant: { url: qdrantUrl(env["TEST_QDRANT_URL"] ?? ""), ...(apiKey ? { apiKey } : {}) },
    source: "environment",
  };
}

/** Writes addresses the way {@link serversFromEnvironment} reads them, one `NAME=value` each. */
export function asEnvironment(addresses: ServerAddresses): string[] {
  const { cql, qdrant } = addresses;
  return [
    `TEST_CQL_CONTACT_POINTS=${cql.contactPoints.join(",")}`,
    `TEST_CQL_LOCAL_DC=${cql.localDataCenter}`,
    ...(cql.credentials === undefined
      ? []
      : [`TEST_CQL_USERNAME=${cql.credentials.username}`, `TEST_CQL_PASSWORD=${cql.credentials.password}`]),
    `TEST_QDRANT_URL=${qdrant.url}`,
    ...(qdrant.apiKey === undefined ? [] : [`TEST_QDRANT_API_KEY=${qdrant.apiKey}`]),
  ];
}

const REQUIRED = ["TEST_CQL_CONTACT_POINTS", "TEST_CQL_LOCAL_DC", "TEST_QDRANT_URL"];
const ALL = [...REQUIRED, "TEST_CQL_USERNAME", "TEST_CQL_PASSWORD", "TEST_QDRANT_API_KEY"];

function contactPoints(text: string): string[] {
  const points = text.split(",").map((point) => point.trim());
  const wrong = points.find((point) => !/^[^\s:]+:\d{1,5}$/.test(point));
  if (wrong === undefined) return points;
  throw new Error(`TEST_CQL_CONTACT_POINTS: "${wrong}" is not host:port, as in 127.0.0.1:9042,127.0.0.2:9042`);
}

function qdrantUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new Error(`TEST_QDRANT_URL: "${text}" is not an address, as in http://127.0.0.1:6333`);
}
