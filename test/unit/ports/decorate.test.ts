import { expect, test } from "vitest";
import { Deadline } from "../../../src/concurrency/deadline.ts";
import { decorate, override, type Around, type InputCounts } from "../../../src/ports/decorate.ts";

interface Port {
  one(a: string, deadline?: Deadline): Promise<unknown>;
  two(a: string, b: number, deadline?: Deadline): Promise<unknown>;
  three(a: string, b: number, c: boolean, deadline?: Deadline): Promise<unknown>;
}

const COUNTS: InputCounts<Port> = { one: 1, two: 2, three: 3 };

/** Returns what it is called with. Private, so that a method that loses its object fails. */
class Echo implements Port {
  readonly #own = "own";

  one(...inputs: unknown[]): Promise<unknown> {
    return Promise.resolve([this.#own, ...inputs]);
  }

  two(...inputs: unknown[]): Promise<unknown> {
    return Promise.resolve([this.#own, ...inputs]);
  }

  three(...inputs: unknown[]): Promise<unknown> {
    return Promise.resolve([this.#own, ...inputs]);
  }
}

test("a decorated method gets all inputs, and the deadline that the decorator passes", async () => {
  const given = new Deadline(1_000);
  const other = new Deadline(2_000);
  const seen: unknown[] = [];
  const around: Around = (call, deadline, input) => {
    seen.push([deadline, input]);
    return call(other);
  };
  const port = decorate<Port>(new Echo(), COUNTS, { one: around, two: around, three: around });
  expect(await port.one("a", given)).toEqual(["own", "a", other]);
  expect(await port.two("a", 2, given)).toEqual(["own", "a", 2, other]);
  expect(await port.three("a", 2, true, given)).toEqual(["own", "a", 2, true, other]);
  expect(seen).toEqual([[given, "a"], [given, "a"], [given, "a"]]);
});

test("a decorator can refuse a call, or make it twice", async () => {
  let calls = 0;
  const refuse: Around = () => Promise.reject(new Error("refused"));
  const twice: Around = async (call, deadline) => {
    calls += 1;
    await call(deadline);
    calls += 1;
    return call(deadline);
  };
  const port = decorate<Port>(new Echo(), COUNTS, { one: refuse, two: twice, three: twice });
  await expect(port.one("a")).rejects.toThrow("refused");
  expect(await port.two("a", 2)).toEqual(["own", "a", 2, undefined]);
  expect(calls).toBe(2);
});

test("override replaces the given methods and forwards the others", async () => {
  const port = override<Port>(new Echo(), COUNTS, { one: () => Promise.resolve("replaced") });
  expect(await port.one("a")).toBe("replaced");
  expect(await port.two("a", 2)).toEqual(["own", "a", 2]);
});
