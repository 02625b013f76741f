/** Typed access to the items of one namespace. */
import type { SearchInfo } from "./core/found.ts";
import { kindOf, ValidationError } from "./model/errors.ts";
import { describeIssues, type SchemaIssue, type StandardSchema } from "./model/standard-schema.ts";
import { checkOptions, PUT_NAMES, type OptionNames } from "./option-names.ts";
import type { AnyValue, CallOptions, GetOptions, Item, PutOptions, SearchItem, SearchOptions, SearchResults } from "./call-options.ts";

/** What happens to a stored value that does not match the schema when it is read. */
export type OnInvalid = "throw" | "skip" | "ignore";

/** Options of a collection. */
export interface CollectionOptions<Value, Input = Value> {
  /** A Standard Schema (zod, valibot, arktype). Without one, values are typed but not checked. */
  readonly schema?: StandardSchema<Input, Value>;
  /**
   * How reads treat a stored value that does not match the schema. `"throw"`: the read rejects with a `ValidationError` that
   * names the item. `"skip"`: a get returns null, and a search leaves the item out and counts it in `info.invalid`.
   * `"ignore"`: values are returned unchecked, as they are stored.
   *
   * @default "throw"
   */
  readonly onInvalid?: OnInvalid;
}

/** Options of a put into a collection. */
export interface CollectionPutOptions extends PutOptions {
  /** `false` keeps the item out of semantic search; a list of paths selects the texts to embed. */
  index?: false | string[];
}

const COLLECTION_NAMES: OptionNames<CollectionOptions<unknown>> = { schema: true, onInvalid: true };
const COLLECTION_PUT_NAMES: OptionNames<CollectionPutOptions> = { index: true, ...PUT_NAMES };

/** Results of a search in a collection. */
export type CollectionResults<Value> = SearchResults<Value> & {
  readonly info: SearchInfo & {
    /** Items that were omitted because their values do not match the schema (`onInvalid: "skip"`). */
    readonly invalid: number;
  };
};

/** The calls of a store or view that a collection makes. */
export interface CollectionCalls {
  get(namespace: string[], key: string, options?: GetOptions): Promise<Item | null>;
  put(namespace: string[], key: string, value: AnyValue, index?: false | string[], options?: PutOptions): Promise<void>;
  delete(namespace: string[], key: string, options?: CallOptions): Promise<void>;
  search(namespacePrefix: string[], options?: SearchOptions): Promise<SearchResults>;
}

/**
 * The items of one namespace, with values of one type. A search also finds items in namespaces below it, as
 * `BaseStore.search` does.
 */
export class Collection<Value extends object, Input = Value> {
  readonly #store: CollectionCalls;
  readonly #namespace: string[];
  readonly #schema: StandardSchema<Input, Value> | null;
  readonly #onInvalid: OnInvalid;

  /** @internal Use `store.collection()`. */
  constructor(store: CollectionCalls, namespace: readonly string[], options: CollectionOptions<Value, Input> = {}) {
    const { schema, onInvalid = "throw" } = checkOptions(options, "collection()", COLLECTION_NAMES);
    if (schema !== undefined && typeof (schema as Partial<StandardSchema> | null)?.["~standard"]?.validate !== "function") {
      throw new ValidationError(
        `schema must be a Standard Schema, such as one of zod (3.24 or newer), valibot or arktype, but got ${kindOf(schema)}.`,
      );
    }
    if (!["throw", "skip", "ignore"].includes(onInvalid)) {
      throw new ValidationError(`onInvalid must be "throw", "skip" or "ignore", but got ${kindOf(onInvalid)}.`);
    }
    this.#store = store;
    this.#namespace = [...namespace];
    this.#schema = schema ?? null;
    this.#onInvalid = onInvalid;
  }

  /** Namespace of the items, relative to the store or view that the collection was made from. */
  get namespace(): string[] {
    return [...this.#namespace];
  }

  /**
   * Writes an item, replacing it entirely, its TTL included. With a schema, what the schema returns is stored.
   *
   * @throws {ValidationError} when the value does not match the schema; nothing is stored.
   */
  async put(key: string, value: Input, options: CollectionPutOptions = {}): Promise<void> {
    const { index, ...rest } = checkOptions(options, "put()", COLLECTION_PUT_NAMES);
    const checked = await this.#checkInput(value, key);
    await this.#store.put(this.#namespace, key, checked, index, rest);
  }

  /**
   * Reads an item; null when there is none.
   *
   * @throws {ValidationError} when the stored value does not match the schema and `onInvalid` is `"throw"`.
   */
  async get(key: string, options: GetOptions = {}): Promise<Item<Value> | null> {
    const item = await this.#store.get(this.#namespace, key, options);
    return item === null ? null : this.#checkStored<Item<Value>>(item);
  }

  /** Deletes an item; a missing item is no error. */
  async delete(key: string, options: CallOptions = {}): Promise<void> {
    await this.#store.delete(this.#namespace, key, options);
  }

  /**
   * Finds items, ranked by a `query` or in stable order.
   *
   * @throws {ValidationError} when a stored value does not match the schema and `onInvalid` is `"throw"`.
   */
  async search(options: SearchOptions<Value> = {}): Promise<CollectionResults<Value>> {
    const results = await this.#store.search(this.#namespace, options as SearchOptions);
    const checked = await Promise.all(results.map((item) => this.#checkStored<SearchItem<Value>>(item)));
    const valid = checked.filter((item) => item !== null);
    const info = Object.freeze({ ...results.info, invalid: checked.length - valid.length });
    return Object.defineProperty(valid, "info", { value: info, enumerable: false }) as unknown as CollectionResults<Value>;
  }

  /**
   * Reads an item, changes its value and writes it: the fields of `change` replace those of the value, or `change` returns
   * the new value. Returns the new value, or null when there is no item; nothing is written then.
   *
   * The read and the write are two operations. Of two updates at the same time, the later write replaces the earlier one.
   *
   * @throws {ValidationError} when the new value does not match the schema; nothing is stored.
   */
  async update(
    key: string,
    change: Partial<Value> | ((value: Value) => Input | Promise<Input>),
    options: CollectionPutOptions = {},
  ): Promise<Value | null> {
    const { index, ...rest } = checkOptions(options, "update()", COLLECTION_PUT_NAMES);
    const item = await this.get(key, rest.signal === undefined ? {} : { signal: rest.signal });
    if (item === null) return null;
    const changed = typeof change === "function" ? await change(item.value) : ({ ...item.value, ...change } as unknown as Input);
    const checked = await this.#checkInput(changed, key);
    await this.#store.put(this.#namespace, key, checked, index, rest);
    return checked;
  }

  async #checkInput(value: Input, key: string): Promise<Value> {
    if (this.#schema === null) return value as unknown as Value;
    const result = await this.#schema["~standard"].validate(value);
    if (result.issues === undefined) return result.value;
    throw invalid("The value does not match the schema of the collection; nothing was stored", result.issues, this.#namespace, key);
  }

  /** Returns the item with the value that the schema returns; null for an item to omit. */
  async #checkStored<To extends Item<Value>>(item: Item): Promise<To | null> {
    if (this.#schema === null || this.#onInvalid === "ignore") return item as unknown as To;
    const result = await this.#schema["~standard"].validate(item.value);
    if (result.issues === undefined) return { ...item, value: result.value } as unknown as To;
    if (this.#onInvalid === "skip") return null;
    throw invalid("A stored value does not match the schema of the collection", result.issues, item.namespace, item.key);
  }
}

function invalid(what: string, issues: readonly SchemaIssue[], namespace: readonly string[], key: string): ValidationError {
  const at = `(namespace ${JSON.stringify(namespace)}, key ${JSON.stringify(key)})`;
  return new ValidationError(`${what} ${at}: ${describeIssues(issues, "value")}.`);
}
