/** TLS, logins and roles on secured servers, which all suites share. */
import { afterAll, beforeAll, describe } from "vitest";
import { startSecuredServers, type SecuredServers } from "../servers/tls-servers.ts";
import { cloudSuite } from "./cloud-suite.ts";
import { credentialsReloadSuite } from "./credentials-reload-suite.ts";
import { rolesSuite } from "./roles-suite.ts";
import { cqlTlsSuite } from "./tls-cql-suite.ts";
import { qdrantTlsSuite } from "./tls-qdrant-suite.ts";

let started: SecuredServers | undefined;
beforeAll(async () => {
  started = await startSecuredServers();
});
afterAll(() => started?.[Symbol.asyncDispose]());

function servers(): SecuredServers {
  if (started === undefined) throw new Error("The servers did not start.");
  return started;
}

describe("CQL over TLS", () => cqlTlsSuite(servers));
describe("Qdrant over TLS", () => qdrantTlsSuite(servers));
describe("roles", () => rolesSuite(servers));
describe("a reload of credentials", () => credentialsReloadSuite(servers));
describe("a secure connect bundle", () => cloudSuite(servers));
