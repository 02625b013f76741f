import { expect, test } from "vitest";
import { VaultApi } from "../../../src/config/secrets/vault-api.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";

const CREDENTIALS = "hunter2";

test.each([
  ["a password", `https://agent:${CREDENTIALS}@vault.internal:8200`],
  ["a user", `https://${CREDENTIALS}@vault.internal:8200`],
  ["a query", `https://vault.internal:8200/?token=${CREDENTIALS}`],
  ["a fragment", `https://vault.internal:8200/#${CREDENTIALS}`],
  ["no URL", `${CREDENTIALS}@vault.internal`],
])("an address of Vault with %s is rejected, and the error shows nothing of it", (_what, address) => {
  for (const make of [() => new VaultApi({ address }, {}), () => new VaultApi({}, { VAULT_ADDR: address })]) {
    expect(make).toThrow(ConfigurationError);
    expect(make).not.toThrow(CREDENTIALS);
  }
});

test("an address of Vault without credentials is accepted", () => {
  expect(new VaultApi({ address: "https://vault.internal:8200/" }, {}).address).toBe("https://vault.internal:8200");
});
