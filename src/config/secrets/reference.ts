/** Secret references: the location of a credential instead of the credential itself. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { ConfigurationError } from "../../model/errors.ts";

/** URL schemes of secret references. */
export type SecretScheme = "env" | "file" | "aws-sm" | "vault" | "azure-kv";

/** The syntax of each scheme. */
const FORMS: Readonly<Record<SecretScheme, string>> = {
  env: "env://NAME, such as env://QDRANT_API_KEY",
  file: "file:///path, such as file:///run/secrets/qdrant",
  "aws-sm": "aws-sm://name#field or aws-sm://name, such as aws-sm://prod/agents#password",
  vault: "vault://mount/path#field, such as vault://secret/agents#password",
  "azure-kv": "azure-kv://vault-name/secret, such as azure-kv://agents/qdrant-key",
};

/** A parsed secret reference; its text reveals nothing of the secret. */
export class SecretReference {
  readonly scheme: SecretScheme;
  /** Variable, path or name of the document; one document may hold several fields. */
  readonly document: string;
  /** Field of the document; null is the entire text. */
  readonly field: string | null;

  constructor(scheme: SecretScheme, document: string, field: string | null) {
    this.scheme = scheme;
    this.document = document;
    this.field = field;
  }

  /** The reference of the document, without the field: "vault://secret/agents". */
  get documentReference(): string {
    return this.scheme === "file" ? pathToFileURL(this.document).href : `${this.scheme}://${this.document}`;
  }

  /** The reference, as it was written. */
  toString(): string {
    return this.field === null ? this.documentReference : `${this.documentReference}#${this.field}`;
  }

  /** The reference, as it was written. */
  toJSON(): string {
    return this.toString();
  }
}

const PREFIX = /^([a-z][a-z0-9+.-]*):\/\//i;

/** Schemes that look like a misspelled scheme of a secret store; no password begins like that. */
const LOOKALIKE = /^(?:aws|azure|akv|hashicorp|hcp|hvault|openbao|bao|secret|secrets|gcp|gcp-sm)(?:$|[-+.])/i;

/**
 * Parses a secret reference.
 *
 * @returns null when the text is not a reference; the text is then the credential itself
 * @throws {ConfigurationError} for a malformed reference; the message shows the correct syntax and quotes only the scheme
 */
export function parseReference(text: string): SecretReference | null {
  if (/^file:\/(?!\/)/i.test(text)) throw malformed("file", "a path has three slashes");
  const prefix = PREFIX.exec(text);
  const name = prefix?.[1];
  if (prefix === null || name === undefined) return null;
  const rest = text.slice(prefix[0].length);
  const scheme = name.toLowerCase();
  if (!isScheme(scheme)) {
    if (LOOKALIKE.test(scheme)) throw unknownPlace(scheme);
    return null;
  }
  return parsers[scheme](rest);
}

function isScheme(name: string): name is SecretScheme {
  return Object.hasOwn(FORMS, name);
}

const parsers: Readonly<Record<SecretScheme, (rest: string) => SecretReference>> = {
  env(rest) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) throw malformed("env", "the name must consist of letters, digits and underscores");
    return new SecretReference("env", rest, null);
  },
  file(rest) {
    return new SecretReference("file", filePath(rest), null);
  },
  "aws-sm"(rest) {
    const { document, field } = split(rest);
    if (!/^[A-Za-z0-9/_+=.@:-]+$/.test(document)) {
      throw malformed("aws-sm", "the name must be the name or the ARN of a secret");
    }
    if (field === "") throw malformed("aws-sm", "the field is empty");
    return new SecretReference("aws-sm", document, field);
  },
  vault(rest) {
    const { document, field } = split(rest);
    const segments = document.split("/");
    if (segments.length < 2 || segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
      throw malformed("vault", "mount and path must be names separated by slashes");
    }
    if (field === null || field === "") throw malformed("vault", "the field is missing");
    return new SecretReference("vault", document, field);
  },
  "azure-kv"(rest) {
    if (!/^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]\/[A-Za-z0-9-]{1,127}(?:\/[A-Za-z0-9]+)?$/.test(rest)) {
      throw malformed("azure-kv", "both names must consist of letters, digits and hyphens; a version may follow the secret");
    }
    return new SecretReference("azure-kv", rest, null);
  },
};

function filePath(rest: string): string {
  try {
    const url = new URL(`file://${rest}`);
    if (url.search === "" && url.hash === "" && url.host === "" && url.pathname !== "/") return fileURLToPath(url);
  } catch {
    // The error of the parser would quote the text; the error below shows the correct syntax.
  }
  throw malformed("file", "the path must be absolute, with # and ? written as %23 and %3F");
}

function split(rest: string): { readonly document: string; readonly field: string | null } {
  const end = rest.indexOf("#");
  return end < 0 ? { document: rest, field: null } : { document: rest.slice(0, end), field: rest.slice(end + 1) };
}

function malformed(scheme: SecretScheme, why: string): ConfigurationError {
  return new ConfigurationError(`is a malformed secret reference: ${why}. Write ${FORMS[scheme]}`);
}

function unknownPlace(scheme: string): ConfigurationError {
  const forms = Object.values(FORMS).map((form) => form.slice(0, form.indexOf(",")));
  return new ConfigurationError(
    `is a secret reference with an unknown scheme, ${scheme}://. The schemes are ${forms.join("; ")}. ` +
      "Set a credential that itself begins like this through env:// or file://",
  );
}
