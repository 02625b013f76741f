import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Settings } from "../ports/settings.ts";
import { upTo } from "./expectations.ts";

/** Options of the suite. */
export interface SettingsSuite {
  /** Name of the settings in the report. */
  readonly name: string;
  /** Opens two connections of different processes to one empty store. Called once. */
  create(): Promise<{ readonly settings: Settings; readonly others: Settings; dispose(): Promise<void> }>;
  /** Timeout of a case, in milliseconds. 60,000 by default. */
  readonly timeoutMs?: number;
}

/** Texts that reveal mistakes in escaping, truncation, normalization or the treatment of an empty value. */
const HOSTILE = ["", " ", "null", "'", '"', "\0", "a\0b", "é", "e\u0301", "😀", "'; DROP TABLE settings; --", "x".repeat(20_000)];

/** Cases that settings have to pass. */
export function settingsSuite(suite: SettingsSuite): void {
  describe(suite.name, { timeout: suite.timeoutMs ?? 60_000 }, () => {
    let opened: Awaited<ReturnType<SettingsSuite["create"]>>;
    beforeAll(async () => {
      opened = await suite.create();
    }, suite.timeoutMs ?? 60_000);
    afterAll(() => opened.dispose(), suite.timeoutMs ?? 60_000);

    test("a setting that is not set reads as null", async () => {
      expect(await opened.settings.read("absent")).toBeNull();
    });

    test("a value that all replicas have is returned by any of them, also after later changes and a removal", async () => {
      const { settings, others } = opened;
      expect(await settings.readFromAny("spread")).toBeNull();
      let current: string | null = null;
      for (const next of ["one", "two", null, "three"]) {
        expect(await others.exchange("spread", current, next)).toBe(true);
        expect(await others.readFromAll("spread")).toBe(next);
        expect(await settings.readFromAny("spread")).toBe(next);
        current = next;
      }
    });

    test("exchange sets a setting that is not set, and only then", async () => {
      const { settings, others } = opened;
      expect(await settings.exchange("first", null, "one")).toBe(true);
      expect(await others.exchange("first", null, "two")).toBe(false);
      expect(await others.read("first")).toBe("one");
    });

    test("exchange replaces only the expected value", async () => {
      const { settings, others } = opened;
      await settings.exchange("replaced", null, "one");
      expect(await others.exchange("replaced", "other", "two")).toBe(false);
      expect(await settings.read("replaced")).toBe("one");
      expect(await others.exchange("replaced", "one", "two")).toBe(true);
      expect(await settings.read("replaced")).toBe("two");
      expect(await settings.exchange("replaced", "one", "three")).toBe(false);
      expect(await settings.exchange("never set", "one", "two")).toBe(false);
      expect(await settings.read("never set")).toBeNull();
    });

    test("exchange removes only the expected value, and the setting can be set again", async () => {
      const { settings, others } = opened;
      await settings.exchange("removed", null, "one");
      expect(await others.exchange("removed", "two", null)).toBe(false);
      expect(await settings.read("removed")).toBe("one");
      expect(await others.exchange("removed", "one", null)).toBe(true);
      expect(await settings.read("removed")).toBeNull();
      expect(await settings.exchange("removed", null, "again")).toBe(true);
      expect(await others.read("removed")).toBe("again");
    });

    test("exchange of null for null says whether the setting is absent, and changes nothing", async () => {
      const { settings } = opened;
      expect(await settings.exchange("compared", null, null)).toBe(true);
      await settings.exchange("compared", null, "one");
      expect(await settings.exchange("compared", null, null)).toBe(false);
      expect(await settings.read("compared")).toBe("one");
    });

    test("exchange replaces a value that was established", async () => {
      const { settings, others } = opened;
      await settings.establish("established", "one");
      expect(await others.exchange("established", "one", "two")).toBe(true);
      expect(await settings.read("established")).toBe("two");
      expect(await settings.establish("established", "three")).toBe("two");
    });

    test("exchange compares values and names exactly", async () => {
      const { settings, others } = opened;
      let current: string | null = null;
      for (const value of HOSTILE) {
        expect(await settings.exchange("hostile", `${current ?? ""}-`, "wrong")).toBe(false);
        expect(await settings.exchange("hostile", current, value)).toBe(true);
        expect(await others.read("hostile")).toBe(value);
        current = value;
      }
      for (const [i, name] of HOSTILE.filter((text) => text !== "" && text.length < 1_000).entries()) {
        expect(await settings.exchange(`name ${name}`, null, String(i))).toBe(true);
        expect(await others.read(`name ${name}`)).toBe(String(i));
      }
    });

    test("of concurrent exchanges of one value exactly one succeeds", async () => {
      const { settings, others } = opened;
      for (const round of upTo(5)) {
        const name = `raced ${round}`;
        const first = await Promise.all(upTo(5).map((n) => (n % 2 === 0 ? settings : others).exchange(name, null, `set ${n}`)));
        expect(first.filter(Boolean)).toHaveLength(1);
        const set = `set ${first.indexOf(true)}`;
        expect(await settings.read(name)).toBe(set);
        const next = await Promise.all(upTo(5).map((n) => (n % 2 === 0 ? settings : others).exchange(name, set, n === 0 ? null : `next ${n}`)));
        expect(next.filter(Boolean)).toHaveLength(1);
        const winner = next.indexOf(true);
        expect(await others.read(name)).toBe(winner === 0 ? null : `next ${winner}`);
      }
    });

    test("concurrent exchanges that retry with the value they read lose no update", async () => {
      const { settings, others } = opened;
      const increment = async (from: Settings): Promise<void> => {
        for (;;) {
          const before = await from.read("counter");
          if (await from.exchange("counter", before, String(Number(before ?? 0) + 1))) return;
        }
      };
      await Promise.all([settings, others, settings, others].map((from) => increment(from)));
      expect(await settings.read("counter")).toBe("4");
    });
  });
}
