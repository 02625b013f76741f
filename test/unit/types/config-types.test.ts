import { expectTypeOf, test } from "vitest";
import type { EmbeddedStoreConfig, ScyllaDBStoreConfig } from "langgraph-store-scylladb";
import type { EmbeddedInput, ServerInput } from "../../../src/config/schema.ts";

// Checked by `npm run typecheck`; at run time these are empty.

test("the published configuration type of a store on servers matches the schema", () => {
  expectTypeOf<ScyllaDBStoreConfig>().toExtend<ServerInput>();
  expectTypeOf<ServerInput>().toExtend<ScyllaDBStoreConfig>();
  expectTypeOf<Paths<ScyllaDBStoreConfig>>().toEqualTypeOf<Paths<ServerInput>>();
});

test("the published configuration type of a local file matches the schema", () => {
  expectTypeOf<EmbeddedStoreConfig>().toExtend<EmbeddedInput>();
  expectTypeOf<EmbeddedInput>().toExtend<EmbeddedStoreConfig>();
  expectTypeOf<Paths<EmbeddedStoreConfig>>().toEqualTypeOf<Paths<EmbeddedInput>>();
});

/** Names of all options, group by group: optional ones that one side lacks are assignable, and would go unnoticed. */
type Paths<Config> = {
  [Name in keyof Config & string]-?: Name | `${Name}.${Nested<NonNullable<Config[Name]>>}`;
}[keyof Config & string];

type Nested<Group> = Group extends readonly unknown[] | ((...args: never[]) => unknown) ? never : keyof Group & string;
