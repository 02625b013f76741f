/** JSON of stored values for readers outside the program: models, clients, terminals. It cannot be decoded again. */
import { toBuffer } from "./bytes.ts";
import { isBytes, isMap, isSet } from "./realms.ts";

/**
 * Returns a value as JSON. Other types take their nearest form: `bigint` digits, bytes base64, `Date` ISO text, `Map` a list
 * of pairs, `Set` a list.
 */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, plain, indent) ?? "null";
}

function plain(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (isBytes(value)) return toBuffer(value).toString("base64");
  if (isMap(value) || isSet(value)) return [...value];
  return value;
}
