/**
 * Imports a module that a bundler must not look for when it builds: an optional package, or a file that the user names. The
 * comments are for webpack, Turbopack and Vite, which would try to resolve the expression.
 */
export function importAtRunTime(name: string): Promise<unknown> {
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);
}
