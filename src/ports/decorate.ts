/** Decorators of ports: code that runs around every method, written once. */
import type { Deadline } from "../concurrency/deadline.ts";

/** How many inputs each method of a port has before its deadline. */
export type InputCounts<Port> = { readonly [Method in keyof Port]: InputCount<Port[Method]> };

type InputCount<Method> = Method extends (...inputs: infer Inputs) => unknown
  ? Required<Inputs> extends readonly [...infer Before, Deadline]
    ? Before["length"]
    : never
  : never;

/**
 * Runs around a method: decides whether, when and with which deadline to call it.
 *
 * @param call - calls the decorated method
 * @param deadline - that the caller gave
 * @param input - the first input
 */
export type Around = <T>(call: (deadline: Deadline | undefined) => Promise<T>, deadline: Deadline | undefined, input: unknown) => Promise<T>;

type AnyMethod = (...inputs: unknown[]) => Promise<unknown>;

/** Returns a port whose methods run inside `arounds`. */
export function decorate<Port extends object>(port: Port, counts: InputCounts<Port>, arounds: Readonly<Record<keyof Port, Around>>): Port {
  return mapMethods(port, counts, (method, name) => decorated(method, counts[name], arounds[name]));
}

/** Returns a port with some methods replaced; the others are forwarded. */
export function override<Port extends object>(port: Port, counts: InputCounts<Port>, methods: Partial<Port>): Port {
  return { ...mapMethods(port, counts, (method) => method), ...methods };
}

function mapMethods<Port extends object>(port: Port, counts: InputCounts<Port>, map: (method: AnyMethod, name: keyof Port) => AnyMethod): Port {
  const names = Object.keys(counts) as (keyof Port)[];
  return Object.fromEntries(names.map((name) => [name, map((port[name] as AnyMethod).bind(port), name)])) as unknown as Port;
}

/** One function for each count: rest parameters would allocate a list for each call. */
function decorated(method: AnyMethod, count: number, around: Around): AnyMethod {
  switch (count) {
    case 1:
      return (a, deadline) => around((inner) => method(a, inner), deadline as Deadline | undefined, a);
    case 2:
      return (a, b, deadline) => around((inner) => method(a, b, inner), deadline as Deadline | undefined, a);
    default:
      return (a, b, c, deadline) => around((inner) => method(a, b, c, inner), deadline as Deadline | undefined, a);
  }
}
