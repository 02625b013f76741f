/** Connection strings: `scylladb://user:password@host:9042/keyspace?dc=datacenter1`. */
import { ConfigurationError, kindOf } from "../model/errors.ts";
import type { ScyllaDBStoreConfig } from "./option-types/server-store.ts";

const SCHEMES = ["scylladb:", "cassandra:", "cql:"];

/**
 * The `cql` part of a configuration, from a connection string. Several hosts are given by commas; `dc` names the local
 * data centre.
 *
 * @throws {ConfigurationError} when a part is missing; the message never holds the string, which may hold a password.
 */
export function parseConnString(text: string): ScyllaDBStoreConfig["cql"] {
  const given: unknown = text;
  // What is no text may have a toString of its own, or none at all.
  if (typeof given !== "string") throw new ConfigurationError(`The connection string must be text, but is ${kindOf(given)}.`);
  const parts = /^([a-z]+:)\/\/(?:([^:@/]*):([^@/]*)@)?([^/?@]+)\/([^/?]+)(?:\?(.*))?$/.exec(text);
  const [, scheme = "", username, password, hosts = "", keyspace = "", query] = parts ?? [];
  if (parts === null || !SCHEMES.includes(scheme)) {
    throw new ConfigurationError(
      "The connection string must look like scylladb://user:password@host:9042/keyspace?dc=datacenter1; user, " +
        "password and port may be left out, and several hosts are separated by commas.",
    );
  }
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].filter((name) => name !== "dc");
  if (unknown.length > 0) {
    throw new ConfigurationError(`The connection string has unknown parameters: ${unknown.join(", ")}; only dc is known.`);
  }
  const localDataCenter = parameters.get("dc");
  if (localDataCenter === null || localDataCenter === "") {
    throw new ConfigurationError("The connection string must name the local data centre: add ?dc=datacenter1 with yours.");
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
    // Not with its cause, which would show the part; it may be the password.
    throw new ConfigurationError("The connection string holds a % that is no escape: write it as %25.");
  }
}
