/**
 * A schema of any library that implements Standard Schema version 1 (zod, valibot, arktype). Declares only the part that
 * collections use, so that no schema library is a dependency. Specification: https://standardschema.dev.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Validates a value; returns the value to use, or the issues. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Types only; absent at run time. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** Outcome of a validation. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** A violation of a schema. */
export interface SchemaIssue {
  readonly message: string;
  /** Names from the top of the value; absent or empty for the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Issues of a schema that a message lists. */
const MAX_ISSUES_SHOWN = 10;

/**
 * Returns the issues as one line of paths and messages, the first ten of them.
 *
 * @param root - name of the checked value in the paths: "value"
 */
export function describeIssues(issues: readonly SchemaIssue[], root: string): string {
  const shown = issues.slice(0, MAX_ISSUES_SHOWN).map(({ path = [], message }) => {
    const names = path.map((step) => String(typeof step === "object" ? step.key : step));
    return `${[root, ...names].join(".")}: ${message}`;
  });
  return shown.join("; ") + (issues.length > shown.length ? `; ${issues.length - shown.length} more` : "");
}
