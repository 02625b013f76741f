/** Connection strings: `scylladb://user:password@host:9042/keyspace?dc=datacenter1`. */
import { ConfigurationError, kindOf } from "../model/errors.ts";
import type { ScyllaDBStoreConfig } from "./option-types/server-store.ts";

const SCHEMES = ["scylladb:", "cassandra:", "cql:"];

/**
 * Parses a connection string into the `cql` part of a configuration. Hosts are separated by commas; `dc` names the local
 * data center.
 *
 * @throws {ConfigurationError} when a part is missing; the message never quotes the string, which may hold a password.
 */
export function parseConnString(text: string): ScyllaDBStoreConfig["cql"] {
  const given: unknown = text;
  // A value that is not text may have its own toString, or none.
  if (typeof given !== "string") throw new ConfigurationError(`The connection string must be text, but is ${kindOf(given)}.`);
  const parts = /^([a-z]+:)\/\/(?:([^:@/]*):([^@/]*)@)?([^/?@]+)\/([^/?]+)(?:\?(.*))?$/.exec(text);
  const [, scheme = "", username, password, hosts = "", keyspace = "", query] = parts ?? [];
  if (parts === null || !SCHEMES.includes(scheme)) {
    throw new ConfigurationError(
      "The connection string must look like scylladb://user:password@host:9042/keyspace?dc=datacenter1; user, " +
        "password and port are optional, and hosts are separated by commas.",
    );
  }
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].filter((name) => name !== "dc");
  if (unknown.length > 0) {
    throw new ConfigurationError(`The connection string has unknown parameters: ${unknown.join(", ")}. The only parameter is dc.`);
  }
  const localDataCenter = parameters.get("dc");
  if (localDataCenter === null || localDataCenter === "") {
    throw new ConfigurationError("The connection string must name the local data center: add ?dc= with its name, such as ?dc=datacenter1.");
  }
  return {
    contactPoints: hosts.split(","),
    localDataCenter,
    keyspace: decoded(keyspace),
    ...(username === undefined || password === undefined
      ? {}
      : { credentials: { username: decoded(username), password: decoded(password) } }),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Without the cause, which would quote the part; it may be the password.
    throw new ConfigurationError("The connection string contains a % that is not an escape sequence: write it as %25.");
  }
}
