import { expectTypeOf, test } from "vitest";
import type { Collection, Filter, Item, SearchItem, SearchOptions, SearchResults } from "langgraph-store-scylladb";

// Checked by `npm run typecheck`; at run time these only build values.

interface Order {
  status: "open" | "closed";
  total: number;
  placed: Date;
  note?: string | null;
  customer: { country: string; tags: string[] };
  lines: { sku: string; count: bigint }[];
  extra: Record<string, unknown>;
}

const allows = (filter: Filter<Order>): Filter<Order> => filter;

test("a filter of a known value type accepts its fields, dotted paths and operators", () => {
  allows({ status: "open", total: { $gte: 10, $lt: 100 } });
  allows({ "customer.country": { $in: ["NO", "SE"] }, "customer.tags": ["a"] });
  allows({ "customer.tags.0": "a", "lines.0.sku": "x", "lines.3.count": { $gt: 2n } });
  allows({ placed: { $gt: new Date(0) }, note: null });
  allows({ note: { $exists: true, $not: { $eq: "x" } } });
  allows({ "extra.anything.below": 1 });
  allows({ $or: [{ status: "open" }, { total: { $gt: 1 } }], $not: { status: "closed" } });
});

test("a filter of a known value type rejects other fields, values and operators", () => {
  type Rejected<Given> = Given extends Filter<Order> ? "allowed" : "rejected";
  expectTypeOf<Rejected<{ status: "opened" }>>().toEqualTypeOf<"rejected">();
  expectTypeOf<Rejected<{ total: "10" }>>().toEqualTypeOf<"rejected">();
  expectTypeOf<Rejected<{ total: { $gte: "10" } }>>().toEqualTypeOf<"rejected">();
  expectTypeOf<Rejected<{ "customer.country": 1 }>>().toEqualTypeOf<"rejected">();
  expectTypeOf<Rejected<{ "lines.0.count": { $gt: "2" } }>>().toEqualTypeOf<"rejected">();
  expectTypeOf<Rejected<{ $or: { status: "open" } }>>().toEqualTypeOf<"rejected">();
  expectTypeOf<"unknown" extends keyof Filter<Order> ? "known" : "unknown">().toEqualTypeOf<"unknown">();
  expectTypeOf<"customer.countri" extends keyof Filter<Order> ? "known" : "unknown">().toEqualTypeOf<"unknown">();
});

test("a filter of an unknown value type accepts any field", () => {
  expectTypeOf<Filter>().toEqualTypeOf<Record<string, unknown>>();
  expectTypeOf<Filter<Record<string, unknown>>>().toEqualTypeOf<Record<string, unknown>>();
});

test("a recursive value type has a filter", () => {
  interface Node {
    name: string;
    child?: Node;
  }
  const filter: Filter<Node> = { "child.child.name": "x" };
  expectTypeOf(filter).toEqualTypeOf<Filter<Node>>();
});

test("a collection gives items and results of its value type", () => {
  type Orders = Collection<Order>;
  expectTypeOf<Awaited<ReturnType<Orders["get"]>>>().toEqualTypeOf<Item<Order> | null>();
  expectTypeOf<Awaited<ReturnType<Orders["search"]>>>().toExtend<SearchResults<Order>>();
  expectTypeOf<Awaited<ReturnType<Orders["search"]>>[number]>().toEqualTypeOf<SearchItem<Order>>();
  expectTypeOf<NonNullable<Parameters<Orders["search"]>[0]>>().toEqualTypeOf<SearchOptions<Order>>();
  expectTypeOf<Parameters<Orders["put"]>[1]>().toEqualTypeOf<Order>();
});
