/** Merges configurations by precedence. */

/** Options by name, not validated yet. */
export type ConfigObject = Readonly<Record<string, unknown>>;

/** Whether a value is an object of options, and not an instance of a class, which is never merged. */
export function isPlainObject(value: unknown): value is ConfigObject {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Object.prototype of any realm has no prototype itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Merges two configurations; `over` takes precedence. Lists and instances are not merged; `undefined` counts as absent. */
export function layered(under: ConfigObject, over: ConfigObject): ConfigObject {
  const names = new Set([...Object.keys(under), ...Object.keys(over)]);
  // fromEntries defines own properties, so a key such as __proto__ does not set the prototype.
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const below = Object.hasOwn(under, name) ? under[name] : undefined;
      const above = Object.hasOwn(over, name) ? over[name] : undefined;
      if (above === undefined) return below === undefined ? [] : [[name, below]];
      return [[name, isPlainObject(below) && isPlainObject(above) ? layered(below, above) : above]];
    }),
  );
}
