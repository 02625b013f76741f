/** The type of filters: fields and operators are type-checked for a known value type, and unrestricted for an unknown one. */

/**
 * Conditions on values of type `Value`, see `docs/filters.md`. All of them must hold.
 *
 * Fields are dotted paths, at most five steps deep, with whole numbers as steps into arrays. For an unknown value type
 * (`unknown`, `Record<string, unknown>`), every field is allowed.
 *
 * @example
 * ```ts
 * const filter: Filter<{ status: "open" | "closed"; total: number }> = { status: "open", total: { $gte: 10 } };
 * ```
 */
export type Filter<Value = unknown> = IsOpen<Value> extends true ? Record<string, unknown> : KnownFilter<Value>;

type KnownFilter<Value> = {
  [Path in PathOf<Value>]?: Condition<ValueAt<Value, Path>>;
} & {
  /** All of the filters hold. */
  $and?: readonly KnownFilter<Value>[];
  /** At least one of the filters holds. */
  $or?: readonly KnownFilter<Value>[];
  /** The filter does not hold. */
  $not?: KnownFilter<Value>;
};

/** The condition of a field: a value that it equals, or operators that must all hold. */
type Condition<Field> = Field | Operators<Field>;

/** The operators of a field. */
type Operators<Field> = {
  /** Equal to the operand. */
  $eq?: Field;
  /** Missing, or not equal to the operand. */
  $ne?: Field;
  /** Equal to one of the list. */
  $in?: readonly Field[];
  /** Missing, or equal to none of the list. */
  $nin?: readonly Field[];
  /** Present (`true`) or missing (`false`). */
  $exists?: boolean;
  /** Does not satisfy the operators. */
  $not?: Operators<Field>;
} & Ranges<Extract<Field, number | bigint | string | Date>>;

/** Range operators, for ordered types. */
type Ranges<Ordered> = [Ordered] extends [never]
  ? unknown
  : {
      /** Greater than the operand, and of its type. */
      $gt?: Ordered;
      /** Greater than or equal to the operand, and of its type. */
      $gte?: Ordered;
      /** Less than the operand, and of its type. */
      $lt?: Ordered;
      /** Less than or equal to the operand, and of its type. */
      $lte?: Ordered;
    };

/** Whether the fields are unknown: `any`, `unknown`, or an object with any field. */
type IsOpen<Value> = unknown extends Value ? true : string extends keyof Value ? true : false;

/** Types without fields. */
type Leaf = string | number | bigint | boolean | Date | Uint8Array | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown> | null | undefined;

/** Decrements the depth: types may be recursive, paths are bounded. */
type Depth = [never, 0, 1, 2, 3, 4];

/** The paths of a value type, at most `Steps + 1` steps long. */
type PathOf<Value, Steps extends number = 4> = Value extends Leaf
  ? never
  : Value extends readonly (infer Element)[]
    ? `${number}` | Below<`${number}`, Element, Steps>
    : { [Name in keyof Value & string]: Name | Below<Name, Value[Name], Steps> }[keyof Value & string];

type Below<Name extends string, Field, Steps extends number> = Steps extends 0
  ? never
  : IsOpen<NonNullable<Field>> extends true
    ? `${Name}.${string}`
    : `${Name}.${PathOf<NonNullable<Field>, Depth[Steps]>}`;

/** The type of the field at a path. */
type ValueAt<Value, Path extends string> = Value extends readonly (infer Element)[]
  ? Path extends `${number}.${infer Rest}`
    ? ValueAt<NonNullable<Element>, Rest>
    : Element
  : Path extends keyof Value
    ? Exclude<Value[Path], undefined>
    : Path extends `${infer Name}.${infer Rest}`
      ? Name extends keyof Value
        ? ValueAt<NonNullable<Value[Name]>, Rest>
        : unknown
      : unknown;
