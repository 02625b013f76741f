import type { TestProject } from "vitest/node";
import type { ServerAddresses } from "./server-addresses.ts";
import { startServers } from "./servers.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The servers of the whole run: `inject("servers")` in a test of the project `servers`. */
    servers: ServerAddresses;
  }
}

/** Starts the servers once for all test files, provides their addresses to the tests, and stops them at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stop, ...addresses } = await startServers();
  project.provide("servers", addresses);
  return stop;
}
