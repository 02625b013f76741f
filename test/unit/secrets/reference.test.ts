/** References, credentials and invalid references are distinguished. */
import { describe, expect, test } from "vitest";
import { parseReference } from "../../../src/config/secrets/reference.ts";
import { ConfigurationError } from "../../../src/model/errors.ts";

describe("well-formed references", () => {
  test.each([
    ["env://QDRANT_API_KEY", { scheme: "env", document: "QDRANT_API_KEY", field: null }],
    ["file:///run/secrets/qdrant", { scheme: "file", document: "/run/secrets/qdrant", field: null }],
    ["file:///run/with%20space%23", { scheme: "file", document: "/run/with space#", field: null }],
    ["aws-sm://prod/agents", { scheme: "aws-sm", document: "prod/agents", field: null }],
    ["aws-sm://prod/agents#password", { scheme: "aws-sm", document: "prod/agents", field: "password" }],
    [
      "aws-sm://arn:aws:secretsmanager:eu-west-1:123456789012:secret:agents-AbCdEf#password",
      { document: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:agents-AbCdEf", field: "password" },
    ],
    ["vault://secret/agents#password", { scheme: "vault", document: "secret/agents", field: "password" }],
    ["vault://team/kv/prod/agents#a field", { document: "team/kv/prod/agents", field: "a field" }],
    ["azure-kv://agents/qdrant-key", { scheme: "azure-kv", document: "agents/qdrant-key", field: null }],
    ["azure-kv://agents/qdrant-key/0123abcd", { document: "agents/qdrant-key/0123abcd" }],
    ["VAULT://secret/agents#password", { scheme: "vault", document: "secret/agents" }],
  ])("%s", (text, parts) => {
    expect(parseReference(text)).toMatchObject(parts);
  });

  test("are printed as they were written", () => {
    for (const text of ["env://A", "file:///run/a", "file:///run/a%20b%23c", "aws-sm://a/b#c", "vault://a/b#c", "azure-kv://abc/d"]) {
      expect(String(parseReference(text))).toBe(text);
      expect(JSON.stringify({ at: parseReference(text) })).toBe(`{"at":"${text}"}`);
    }
  });
});

test.each(["correct horse", "", "env:NAME", "p://word", "https://proxy.internal", "vault:v1:abc", "a#b", "Bearer x"])(
  "%j is the credential itself",
  (text) => {
    expect(parseReference(text)).toBeNull();
  },
);

describe("invalid references", () => {
  test.each([
    ["env://", "env://NAME"],
    ["env://a-b", "env://NAME"],
    ["file://run/secret", "file:///path"],
    ["file://secret", "file:///path"],
    ["file:/run/secret", "file:///path"],
    ["file:///run/a#b", "file:///path"],
    ["aws-sm://", "aws-sm://name"],
    ["aws-sm://a#", "aws-sm://name"],
    ["aws-sm://a b", "aws-sm://name"],
    ["vault://secret", "vault://mount/path#field"],
    ["vault://secret/agents", "vault://mount/path#field"],
    ["vault://secret/agents#", "vault://mount/path#field"],
    ["vault://secret//agents#a", "vault://mount/path#field"],
    ["vault://secret/../agents#a", "vault://mount/path#field"],
    ["azure-kv://agents", "azure-kv://vault-name/secret"],
    ["azure-kv://a_b/c", "azure-kv://vault-name/secret"],
    ["azure-kv://agents/a_b", "azure-kv://vault-name/secret"],
  ])("%s is rejected with the right form", (text, form) => {
    expect(() => parseReference(text)).toThrow(ConfigurationError);
    expect(() => parseReference(text)).toThrow(form);
  });

  test.each(["aws://agents", "azure-keyvault://agents/key", "secret://agents", "openbao://secret/agents#a"])(
    "%s is rejected for its unknown scheme",
    (text) => {
      expect(() => parseReference(text)).toThrow(/unknown scheme, [a-z-]+:\/\/\. The schemes are env:\/\/NAME; file:\/\/\/path;/);
    },
  );

  test("the error shows nothing but the scheme", () => {
    for (const text of ["vault://hidden", "env://hid-den", "aws://hidden", "file://hidden", "azure-kv://hidden"]) {
      const message = messageFor(text);
      expect(message).toContain("://");
      expect(message).not.toContain("hid");
    }
  });
});

function messageFor(text: string): string {
  try {
    parseReference(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${text} was not refused`);
}
