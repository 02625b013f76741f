/** What an import reads: items of a file, or of another store. */
import type { ImportedItem } from "./export-format.ts";

/** An item and where it came from; or why it is none. */
export type SourceItem = { readonly line: number } & ({ readonly item: ImportedItem } | { readonly reason: string });
