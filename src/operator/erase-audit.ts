/** Deletes what identifies a subject from the audit trail. The entries remain, so that the trail stays complete for others. */
import { hash } from "node:crypto";
import { isError } from "../model/realms.ts";
import { messageOf, ValidationError } from "../model/errors.ts";
import { idText, type ItemId } from "../model/item.ts";
import { isWithin, ROOT, SEPARATOR, toLabels } from "../model/namespace.ts";
import type { AuditArchive, AuditErasure, AuditSubject, ErasedFields } from "../ports/audit.ts";

/** The stored audit trail. */
export interface AuditOfStore {
  /** Empty when neither a file nor a table is known. */
  readonly archives: readonly AuditArchive[];
  /** Whether entries also go to a function of the application, where they cannot be erased. */
  readonly hasCallback: boolean;
  /** Resolves when the entries of earlier operations of this process are stored. */
  flush(): Promise<void>;
}

/** What was erased from the audit trail. */
export interface AuditErasureReport extends AuditErasure {
  /** Where: the audit file, the audit table. */
  readonly where: readonly string[];
  /** Why the trail could not be changed entirely; null when it was. Erase again to continue. */
  readonly failed: string | null;
}

/** Most hashes of erased items in memory; then the trail is searched for them. */
const MOST_ITEMS = 100_000;

const NOTHING: ErasedFields = { item: false, actor: false };

/** @throws {ValidationError} when no audit trail is known, or the actors are not texts. */
export function checkAudit({ archives }: AuditOfStore, actors: unknown): void {
  if (archives.length === 0) {
    throw new ValidationError("erase() with audit: true requires the audit trail, but none is configured. Set audit.file.path (--set audit.file.path=<file>).");
  }
  if (actors === undefined) return;
  if (!Array.isArray(actors) || !actors.every((actor) => typeof actor === "string" && actor !== "")) {
    throw new ValidationError("auditActors must be a list of actors, each a text that is not empty.");
  }
}

/** The erasure of one subject from the trail. */
export class AuditErasing {
  readonly #audit: AuditOfStore;
  readonly #prefix: string;
  readonly #actors: ReadonlySet<string>;
  readonly #options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined };
  /** Hashes of erased items; null without a filter, when all entries below the prefix are those of the subject. */
  #items: Set<string> | null;
  readonly #erased = { entries: 0, incomplete: 0 };
  #failed: string | null = null;

  /** @param isFiltered - whether only entries of the items passed to {@link add} are those of the subject */
  constructor(
    audit: AuditOfStore,
    { prefix, actors, isFiltered }: { readonly prefix: string; readonly actors: readonly string[]; readonly isFiltered: boolean },
    options: { readonly dryRun: boolean; readonly signal?: AbortSignal | undefined },
  ) {
    this.#audit = audit;
    this.#prefix = prefix;
    this.#actors = new Set(actors);
    this.#items = isFiltered ? new Set() : null;
    this.#options = options;
  }

  /** Adds erased items. Searches the trail when many were added, so that memory stays bounded. */
  async add(ids: readonly ItemId[]): Promise<void> {
    if (this.#items === null) return;
    for (const id of ids) this.#items.add(hashOf(id));
    if (this.#items.size < MOST_ITEMS) return;
    await this.#eraseEntries(this.#options.signal);
    this.#items = new Set();
  }

  /** Erases the remaining entries. */
  async end(): Promise<AuditErasureReport> {
    await this.#eraseEntries(this.#options.signal);
    return { ...this.#erased, where: this.#audit.archives.map(({ name }) => name), failed: this.#failed };
  }

  /** Erases the entries of items that are erased already: after an interruption, no later run knows which items the filter matched. */
  async endInterrupted(): Promise<void> {
    if (this.#items !== null && this.#items.size > 0) await this.#eraseEntries(undefined);
  }

  async #eraseEntries(signal: AbortSignal | undefined): Promise<void> {
    await this.#audit.flush();
    for (const archive of this.#audit.archives) {
      try {
        const { entries, incomplete } = await archive.erase(this.#subject, { dryRun: this.#options.dryRun, signal });
        this.#erased.entries += entries;
        this.#erased.incomplete += incomplete;
      } catch (error) {
        if (signal?.aborted === true || !isError(error)) throw error;
        this.#failed ??= `${archive.name}: ${messageOf(error)}`;
      }
    }
  }

  readonly #subject: AuditSubject = {
    of: ({ namespace, key, actor }) => {
      const isOfSubject = namespace !== null && namespace.length > 0 && this.#isErased(namespace.join(SEPARATOR), key);
      const isActor = actor !== null && (this.#actors.has(actor) || (isOfSubject && namespace.includes(actor)));
      return isOfSubject || isActor ? { item: isOfSubject, actor: isActor } : NOTHING;
    },
    mayConcern: (line) => [...this.#actors].some((actor) => line.includes(`"actor":${JSON.stringify(actor)}`)) || mayBeWithin(line, this.#prefix),
  };

  #isErased(namespace: string, key: string | null): boolean {
    if (!isWithin(this.#prefix, namespace)) return false;
    return this.#items === null || (key !== null && this.#items.has(hashOf({ namespace, key })));
  }
}

/** Whether the namespace of an incomplete line is, or may continue to be, at or below a prefix. */
function mayBeWithin(line: string, prefix: string): boolean {
  const [, namespace] = line.split('"namespace":', 2);
  if (namespace === undefined || namespace === "") return false;
  const start = prefix === ROOT ? "[" : JSON.stringify(toLabels(prefix)).slice(0, -1);
  if (start.startsWith(namespace)) return true;
  return namespace.startsWith(start) && (prefix === ROOT || /^(?:$|[,\]])/.test(namespace.slice(start.length)));
}

function hashOf(id: ItemId): string {
  return hash("sha256", idText(id), "base64").slice(0, 22);
}
