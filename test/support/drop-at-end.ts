/** Drops the data of tests on servers. */
import { afterAll } from "vitest";
import type { ServerAddresses } from "../servers/server-addresses.ts";
import { dropCollections, dropKeyspace } from "./stores.ts";

/** Returns a function that takes keyspaces of a test file: at its end, they and the collections of the same names are dropped. */
export function dropAtEnd(servers: ServerAddresses): (keyspace: string) => void {
  const keyspaces = new Set<string>();
  afterAll(async () => {
    for (const keyspace of keyspaces) {
      await dropKeyspace(servers, keyspace);
      await dropCollections(servers, keyspace);
    }
  });
  return (keyspace) => keyspaces.add(keyspace);
}
