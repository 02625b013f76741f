/** Items of other stores: any LangGraph `BaseStore`, page by page. */
import type { BaseStore } from "@langchain/langgraph-checkpoint";
import { PageSize } from "../model/page-size.ts";
import { messageOf } from "../model/errors.ts";
import { toPath } from "../model/namespace.ts";
import { parseKey } from "../model/operation-fields.ts";
import type { RequestLimits } from "../model/request.ts";
import { encodeValue } from "../model/value-codec.ts";
import type { ImportedItem } from "./export-format.ts";
import { sentenceOf, stopped } from "./interruption.ts";
import type { SourceItem } from "./source-item.ts";

/** What an import reads of another store. */
export type SourceStore = Pick<BaseStore, "search" | "listNamespaces">;

/** Namespaces and items of one request. */
const NAMESPACES = 500;
const ITEMS = 100;

/** Whether something is a store. */
export function isStore(source: object): source is SourceStore {
  return "listNamespaces" in source && typeof source.listNamespaces === "function" && "search" in source && typeof source.search === "function";
}

/** An item as another store returns it. */
export interface ForeignItem {
  readonly namespace: readonly string[];
  readonly key: string;
  readonly value: unknown;
  readonly createdAt: Date | null;
  readonly updatedAt: Date | null;
  readonly expiry: ImportedItem["expiry"];
}

/** All items of a store, namespace by namespace. Items that are written meanwhile may be missing. */
export async function* itemsOfStore(store: SourceStore, prefix: readonly string[], limits: RequestLimits): AsyncGenerator<SourceItem, void, undefined> {
  let line = 0;
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (cause) {
      throw stopped(cause, `The source store failed after item ${line}: ${sentenceOf(cause)}`);
    }
  };
  for await (const namespace of namespacesOf(store, prefix, ask)) {
    const size = new PageSize(ITEMS);
    for (let offset = 0; ; ) {
      const { page, isLast } = await ask(() =>
        size.read(async (limit) => {
          const found = await store.search(namespace, { limit, offset });
          return { page: found, isLast: found.length < limit };
        }),
      );
      offset += page.length;
      for (const item of page) {
        // A search also returns the items of namespaces below.
        if (item.namespace.length !== namespace.length) continue;
        line += 1;
        yield sourceItem(line, { ...item, expiry: null }, limits);
      }
      if (isLast) break;
    }
  }
}

type Ask = <T>(call: () => Promise<T>) => Promise<T>;

async function* namespacesOf(store: SourceStore, prefix: readonly string[], ask: Ask): AsyncGenerator<string[], void, undefined> {
  for (let offset = 0; ; offset += NAMESPACES) {
    const page = await ask(() => store.listNamespaces({ limit: NAMESPACES, offset, ...(prefix.length === 0 ? {} : { prefix: [...prefix] }) }));
    yield* page;
    if (page.length < NAMESPACES) return;
  }
}

/** Returns the checked item, or the reason why it cannot be imported. */
export function sourceItem(line: number, foreign: ForeignItem, limits: RequestLimits): SourceItem {
  const { namespace, key, value, createdAt, updatedAt, expiry } = foreign;
  try {
    const item: ImportedItem = {
      namespace: toPath(namespace, { allowReservedRoot: true, limits }),
      key: parseKey(key, limits),
      value: encodeValue(value, limits),
      index: undefined,
      created: micros(createdAt),
      updated: micros(updatedAt),
      expiry,
      vectors: null,
    };
    return { line, item };
  } catch (error) {
    return { line, reason: `${JSON.stringify(namespace)} ${JSON.stringify(key)}: ${messageOf(error)}` };
  }
}

function micros(time: Date | null | undefined): number | null {
  const ms = time?.getTime();
  return ms === undefined || Number.isNaN(ms) ? null : ms * 1_000;
}
