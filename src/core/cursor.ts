/** Cursors: where a search goes on. Opaque to the caller, and relative to the prefix that was searched. */
import { z } from "zod";
import { ValidationError } from "../model/errors.ts";
import { join, toLabels, toPath } from "../model/namespace.ts";
import { MAX_KEY_BYTES, type ListingOrder } from "../model/operation.ts";

/** After this item of a listing. */
interface ListingCursor {
  readonly kind: "listing";
  readonly order: ListingOrder;
  /** Path of the item's namespace. */
  readonly namespace: string;
  readonly created: number;
  readonly key: string;
}

/** After this many ranked results. */
interface RankedCursor {
  readonly kind: "ranked";
  readonly by: "vector" | "keyword";
  readonly offset: number;
}

/** A decoded cursor. */
export type Cursor = ListingCursor | RankedCursor;

const listing = z.tuple([z.literal("l"), z.enum(["oldest", "newest"]), z.array(z.string()), z.int(), z.string().max(MAX_KEY_BYTES)]);
const ranked = z.tuple([z.literal("r"), z.enum(["vector", "keyword"]), z.int().min(0)]);

/** Encodes a cursor for a search below `prefix`; the labels of the prefix, which may be a tenant's, stay out of it. */
export function encodeCursor(cursor: Cursor, prefix: string): string {
  const content =
    cursor.kind === "ranked"
      ? ["r", cursor.by, cursor.offset]
      : ["l", cursor.order, toLabels(cursor.namespace).slice(toLabels(prefix).length), cursor.created, cursor.key];
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

/**
 * Decodes a cursor that a search below the same prefix, of the same kind and order, gave.
 *
 * @throws {ValidationError} when it is anything else.
 */
export function decodeCursor(text: string, prefix: string, expected: "ranked" | ListingOrder): Cursor {
  const content = parse(text);
  const asRanked = ranked.safeParse(content);
  if (asRanked.success && expected === "ranked") {
    const [, by, offset] = asRanked.data;
    return { kind: "ranked", by, offset };
  }
  const asListing = listing.safeParse(content);
  if (asListing.success && asListing.data[1] === expected) {
    const [, order, labels, created, key] = asListing.data;
    const below = toPath(labels, { allowEmpty: true, allowReservedRoot: true });
    return { kind: "listing", order, namespace: join(prefix, below), created, key };
  }
  throw new ValidationError(
    `cursor does not belong to this search: give the text from \`info.cursor\` of a search with the same prefix, ` +
      `order and kind (${expected === "ranked" ? "with a query" : `without a query, ${expected} first`}).`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (cause) {
    throw new ValidationError("cursor is not one that a search of this store gave.", { cause });
  }
}
