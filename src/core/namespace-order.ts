/** Brings namespaces, which databases keep in the order of bytes, into the order of their labels, part by part. */
import { AFTER_SEPARATOR, comparePaths, ROOT, SEPARATOR } from "../model/namespace.ts";
import type { ItemRepository } from "../ports/item-repository.ts";

/** Namespaces of the first page; each further one is so many times as long, up to a bound. */
const FIRST_PAGE = 128;
const GROWTH = 4;
const LONGEST_PAGE = 4_096;

/** Ranges that are read out of turn for one page, so that its first namespaces need not wait for the end of theirs. */
const MOST_AHEAD = 4;

/** From here on, the order of UTF-16, which labels have, is not that of UTF-8, which bytes have. */
const FIRST_PRIVATE_USE = 0xe000;

/**
 * The namespaces at or below a prefix in label order, in parts. It reads no more than it takes to know that nothing else
 * stands before what it gives, except from the root, where no order is kept.
 */
export async function* inLabelOrder(items: ItemRepository, prefix: string): AsyncGenerator<readonly string[], void, undefined> {
  if (prefix === ROOT) {
    yield (await items.namespaces(prefix)).map(({ path }) => path).sort(comparePaths);
    return;
  }
  const held = new Held(prefix);
  for (let after: string | null = null, limit = FIRST_PAGE; ; limit = Math.min(GROWTH * limit, LONGEST_PAGE)) {
    const page = await items.namespacesAfter({ prefix, after, limit });
    held.add(page.paths, page.next);
    let ready = held.take();
    for (let ahead = 0; ready.length === 0 && ahead < MOST_AHEAD; ahead += 1) {
      const awaited = held.awaited();
      if (awaited === null) break;
      held.addBelow(awaited, await allBelow(items, awaited));
      ready = held.take();
    }
    if (ready.length > 0) yield ready;
    if (page.next === null) return;
    after = page.next;
  }
}

/** All namespaces below one, without itself. */
async function allBelow(items: ItemRepository, prefix: string): Promise<string[]> {
  const paths: string[] = [];
  let after: string | null = null;
  do {
    const page = await items.namespacesAfter({ prefix, after, limit: after === null ? FIRST_PAGE : LONGEST_PAGE });
    paths.push(...page.paths.filter((path) => path !== prefix));
    after = page.next;
  } while (after !== null);
  return paths;
}

/**
 * Namespaces that were read. The two orders differ in this: `a.b` comes before `a-b` by its labels, and after it by its
 * bytes, as some characters are less than the separator. So `a-b` waits until all below `a` has been read.
 */
class Held {
  readonly #prefix: string;
  /** In label order. */
  #paths: string[] = [];
  /** Below these, all has been read. */
  readonly #readBelow: string[] = [];
  /** Up to here all has been read, in the order of bytes; null: to the end. */
  #readTo: Buffer | null = null;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Takes in a page; all up to `readTo` has then been read. */
  add(paths: readonly string[], readTo: string | null): void {
    const isNew = (path: string): boolean => !this.#readBelow.some((other) => path.startsWith(other + SEPARATOR));
    this.#paths = [...this.#paths, ...paths.filter(isNew)].sort(comparePaths);
    this.#readTo = readTo === null ? null : Buffer.from(readTo);
  }

  /** Takes in all that is below a path. */
  addBelow(path: string, paths: readonly string[]): void {
    this.#paths = [...this.#paths, ...paths].sort(comparePaths);
    this.#readBelow.push(path);
  }

  /** Gives the first ones, as many as nothing can come before any more. */
  take(): string[] {
    const end = this.#paths.findIndex((path) => this.#awaitedBy(path) !== null);
    return this.#paths.splice(0, end === -1 ? this.#paths.length : end);
  }

  /** Below which path all has to be read before the first one can be given; null where that is not known, or all is given. */
  awaited(): string | null {
    const [first] = this.#paths;
    const awaited = first === undefined ? null : this.#awaitedBy(first);
    return awaited === EVERYTHING ? null : awaited;
  }

  /** The path below which there may be something that comes before this one and was not read; null where there is none. */
  #awaitedBy(path: string): string | null {
    if (this.#readTo === null) return null;
    for (let i = this.#prefix.length + 1; i < path.length; i += 1) {
      if (path.charCodeAt(i) >= FIRST_PRIVATE_USE) return EVERYTHING;
      const isLess = (path[i] as string) < SEPARATOR && path[i - 1] !== SEPARATOR;
      if (isLess && !this.#isReadBelow(path.slice(0, i))) return path.slice(0, i);
    }
    return null;
  }

  #isReadBelow(path: string): boolean {
    if (this.#readTo === null || Buffer.compare(this.#readTo, Buffer.from(path + AFTER_SEPARATOR)) >= 0) return true;
    return this.#readBelow.some((other) => path === other || path.startsWith(other + SEPARATOR));
  }
}

/** No path: stands for all that is left. */
const EVERYTHING = "";
