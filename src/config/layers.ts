/** Lays configurations over one another. */

/** Options by name, not checked yet. */
export type ConfigObject = Readonly<Record<string, unknown>>;

/** Whether a value is an object of options, and not an instance of some class, which is taken as it is. */
export function isPlainObject(value: unknown): value is ConfigObject {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Nothing above it: what all objects have, of whichever realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What `over` says, and what `under` says of the rest. Lists and instances are taken whole; `undefined` says nothing. */
export function layered(under: ConfigObject, over: ConfigObject): ConfigObject {
  const names = new Set([...Object.keys(under), ...Object.keys(over)]);
  // From entries, which also lets a name like __proto__ be no more than a name.
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const below = Object.hasOwn(under, name) ? under[name] : undefined;
      const above = Object.hasOwn(over, name) ? over[name] : undefined;
      if (above === undefined) return below === undefined ? [] : [[name, below]];
      return [[name, isPlainObject(below) && isPlainObject(above) ? layered(below, above) : above]];
    }),
  );
}
