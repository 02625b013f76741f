/** Which replicas a setting is read from. A fake session stands for replicas that missed a change. */
import { describe, expect, test } from "vitest";
import type { CqlSession } from "../../src/backends/cql/session.ts";
import { CqlSettings } from "../../src/backends/cql/settings.ts";
import { statementsFor } from "../../src/backends/cql/statements.ts";

/** A setting as a replica stores it; null where it is absent. */
type Stored = { readonly value: string; readonly timestamp: number } | null;

/** Settings over one replica that answers single reads, and a quorum. */
function replicas(one: Stored, quorum: Stored) {
  const state = { one, quorum, purposes: [] as string[] };
  const session: Pick<CqlSession, "rows"> = {
    async rows(_query, _params, purpose) {
      state.purposes.push(purpose);
      const stored = purpose === "settings-any" ? state.one : state.quorum;
      return stored === null ? [] : [{ ...stored }];
    },
  };
  const settings = new CqlSettings({ session: session as CqlSession, statements: statementsFor("k"), now: Date.now });
  return { state, settings };
}

describe("a setting that is read from any replica", () => {
  test("costs one read from one replica while that has what was seen before, or a later value", async () => {
    const { state, settings } = replicas({ value: "a", timestamp: 1 }, null);
    expect(await settings.readFromAny("s")).toBe("a");
    state.one = { value: "b", timestamp: 2 };
    expect(await settings.readFromAny("s")).toBe("b");
    expect(await settings.readFromAny("s")).toBe("b");
    expect(state.purposes).toEqual(["settings-any", "settings-any", "settings-any"]);
  });

  test.each([["an earlier value", { value: "a", timestamp: 1 }], ["no value", null]] as const)("is asked of a quorum when the replica has %s", async (_, one) => {
    const { state, settings } = replicas({ value: "b", timestamp: 2 }, { value: "b", timestamp: 2 });
    await settings.readFromAny("s");
    state.one = one;
    expect(await settings.readFromAny("s")).toBe("b");
    expect(state.purposes.at(-1)).toBe("settings");
  });

  test("does not go back behind a value that a quorum returned before", async () => {
    const { settings } = replicas(null, { value: "b", timestamp: 2 });
    expect(await settings.read("s")).toBe("b");
    expect(await settings.readFromAny("s")).toBe("b");
  });

  test("follows a removal, and then a new value", async () => {
    const { state, settings } = replicas({ value: "a", timestamp: 1 }, { value: "a", timestamp: 1 });
    await settings.readFromAny("s");
    state.one = null;
    state.quorum = null;
    expect(await settings.readFromAny("s")).toBeNull();
    state.purposes.length = 0;
    expect(await settings.readFromAny("s")).toBeNull();
    expect(state.purposes).toEqual(["settings-any"]);
    state.one = { value: "b", timestamp: 3 };
    expect(await settings.readFromAny("s")).toBe("b");
  });
});
