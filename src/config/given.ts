/** Describes the value that was given for an option, without revealing secrets. */
import { kindOf } from "../model/errors.ts";

/** Names of options, headers and fields whose values are never shown, even if the schema does not mark them as secret. */
const SECRET_NAME = /password|passphrase|passwd|secret|token|credential|authorization|headers|api_?key|private|^(?:key|keys|cert|ca|pwd)$/i;

/** User and password in a URL, even if the password contains an unescaped slash or space. */
const LOGIN_IN_ADDRESS = /[/:].*@/s;

/** A query parameter or fragment of a URL, which may be a key. */
const PARAMETER = /[?&;][^=\s]*=|[/:].*#/s;

/** A long run of letters and digits, which may be a key given in the wrong place. */
const TOKEN_LIKE = /(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}|-----BEGIN/;

/** Longest text that is shown. */
const LONGEST_SHOWN = 80;

/** Whether the name of an option, or of a group that contains it, indicates a secret. */
export function isSecretName(path: readonly PropertyKey[]): boolean {
  return path.some((step) => SECRET_NAME.test(String(step)));
}

/**
 * Describes a value: scalars in full, other values by kind.
 *
 * @param isSecret - whether to show the kind only
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
  return mayHoldSecret(value) ? "a text that is not shown because it may contain a secret" : JSON.stringify(value);
}

function mayHoldSecret(text: string): boolean {
  return text.length > LONGEST_SHOWN || LOGIN_IN_ADDRESS.test(text) || PARAMETER.test(text) || TOKEN_LIKE.test(text);
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind}`;
}
