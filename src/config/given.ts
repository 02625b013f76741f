/** Says what was given for an option, and nothing of a secret. */
import { kindOf } from "../model/errors.ts";

/** Names of options, headers and fields whose values are never shown, whatever the schema says of them. */
const SECRET_NAME = /password|passphrase|passwd|secret|token|credential|authorization|headers|api_?key|private|^(?:key|keys|cert|ca|pwd)$/i;

/** User and password in an address; a mistake may be a slash or a space in the password. */
const LOGIN_IN_ADDRESS = /[/:].*@/s;

/** A parameter or a fragment of an address that may be a key. */
const PARAMETER = /[?&;][^=\s]*=|[/:].*#/s;

/** As long a run of letters and digits, with both, may be a key that was given in the wrong place. */
const TOKEN_LIKE = /(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}|-----BEGIN/;

/** Longest text that is shown. */
const LONGEST_SHOWN = 80;

/** Whether the name of an option, or of one that it is in, says that its value is a secret. */
export function isSecretName(path: readonly PropertyKey[]): boolean {
  return path.some((step) => SECRET_NAME.test(String(step)));
}

/**
 * Says what was given: a scalar as it is, of all else only the kind.
 *
 * @param isSecret - whether nothing of it may be shown
 */
export function givenText(value: unknown, isSecret: boolean): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  const kind = typeof value === "string" ? "text" : kindOf(value);
  if (isSecret) return withArticle(kind);
  if (Number.isNaN(value)) return "NaN";
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return `the ${kind} ${String(value)}`;
  if (typeof value !== "string") return withArticle(kind);
  if (value === "") return "an empty text";
  return mayHoldSecret(value) ? "a text that is not shown, as it may hold a secret" : JSON.stringify(value);
}

function mayHoldSecret(text: string): boolean {
  return text.length > LONGEST_SHOWN || LOGIN_IN_ADDRESS.test(text) || PARAMETER.test(text) || TOKEN_LIKE.test(text);
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind}`;
}
