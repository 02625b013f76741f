/** References to secrets: where a credential is kept, instead of the credential itself. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { ConfigurationError } from "../../model/errors.ts";

/** Places where secrets are kept. */
export type SecretScheme = "env" | "file" | "aws-sm" | "vault" | "azure-kv";

/** The right form of a reference of each place. */
const FORMS: Readonly<Record<SecretScheme, string>> = {
  env: "env://NAME, such as env://QDRANT_API_KEY",
  file: "file:///path, such as file:///run/secrets/qdrant",
  "aws-sm": "aws-sm://name#field or aws-sm://name, such as aws-sm://prod/agents#password",
  vault: "vault://mount/path#field, such as vault://secret/agents#password",
  "azure-kv": "azure-kv://vault-name/secret, such as azure-kv://agents/qdrant-key",
};

/** Where a secret is kept; its text is a reference and shows nothing of the secret. */
export class SecretReference {
  readonly scheme: SecretScheme;
  /** What is read there, as its place names it: a variable, a path, a name; one document may hold several fields. */
  readonly document: string;
  /** Field of the document; null stands for all of its text. */
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

/** Schemes that are no places of ours, but look as if they were meant so; a password is never spelled like that. */
const LOOKALIKE = /^(?:aws|azure|akv|hashicorp|hcp|hvault|openbao|bao|secret|secrets|gcp|gcp-sm)(?:$|[-+.])/i;

/**
 * Reads a reference.
 *
 * @returns null for a text that is none, which is then a credential itself
 * @throws {ConfigurationError} for a reference that is not well-formed; the message says the right form, and nothing of
 *   the text but its scheme
 */
export function parseReference(text: string): SecretReference | null {
  if (/^file:\/(?!\/)/i.test(text)) throw malformed("file", "a path is written with three slashes");
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
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(rest)) throw malformed("env", "the name is letters, digits and underscores");
    return new SecretReference("env", rest, null);
  },
  file(rest) {
    return new SecretReference("file", filePath(rest), null);
  },
  "aws-sm"(rest) {
    const { document, field } = split(rest);
    if (!/^[A-Za-z0-9/_+=.@:-]+$/.test(document)) {
      throw malformed("aws-sm", "the name is that of the secret, or its ARN");
    }
    if (field === "") throw malformed("aws-sm", "the field is empty");
    return new SecretReference("aws-sm", document, field);
  },
  vault(rest) {
    const { document, field } = split(rest);
    const segments = document.split("/");
    if (segments.length < 2 || segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
      throw malformed("vault", "mount and path are names joined by slashes");
    }
    if (field === null || field === "") throw malformed("vault", "the field is missing");
    return new SecretReference("vault", document, field);
  },
  "azure-kv"(rest) {
    if (!/^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]\/[A-Za-z0-9-]{1,127}(?:\/[A-Za-z0-9]+)?$/.test(rest)) {
      throw malformed("azure-kv", "both names are letters, digits and hyphens; a version may follow the secret");
    }
    return new SecretReference("azure-kv", rest, null);
  },
};

function filePath(rest: string): string {
  try {
    const url = new URL(`file://${rest}`);
    if (url.search === "" && url.hash === "" && url.host === "" && url.pathname !== "/") return fileURLToPath(url);
  } catch {
    // No URL at all, or one that is no path: the error below says the right form, and this one would show the text.
  }
  throw malformed("file", "the path is absolute, and # and ? in it are written %23 and %3F");
}

function split(rest: string): { readonly document: string; readonly field: string | null } {
  const end = rest.indexOf("#");
  return end < 0 ? { document: rest, field: null } : { document: rest.slice(0, end), field: rest.slice(end + 1) };
}

function malformed(scheme: SecretScheme, why: string): ConfigurationError {
  return new ConfigurationError(`is not a reference as it must be: ${why}. Write ${FORMS[scheme]}`);
}

function unknownPlace(scheme: string): ConfigurationError {
  const forms = Object.values(FORMS).map((form) => form.slice(0, form.indexOf(",")));
  return new ConfigurationError(
    `is a reference to an unknown place, ${scheme}://. Known are ${forms.join("; ")}. ` +
      "A credential that begins like this itself can be given through env:// or file://",
  );
}
