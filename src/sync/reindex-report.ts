/** Options and results of a reindex. */
import type { GenerationDescriptor } from "../core/generation-record.ts";
import type { FillCounts } from "./index-fill.ts";

/** Options of a reindex. */
export interface ReindexOptions {
  /** Counts the texts and estimates the time, and changes nothing. Embeds a few texts to measure the provider. */
  readonly dryRun?: boolean;
  /** Most texts to embed per second. No limit by default. */
  readonly textsPerSecond?: number;
  /** Whether searches change to the next generation when it is complete. True by default; otherwise `reindexSwitch` does it. */
  readonly switch?: boolean;
  /** Receives the progress after each page. */
  readonly onProgress?: (progress: ReindexProgress) => void;
  /** Stops the reindex after the current page; another call continues it. */
  readonly signal?: AbortSignal;
}

/** Progress of a reindex. */
export interface ReindexProgress {
  /** `wait`: until every process writes to both generations. `fill`: from the records. `verify`: compares records and vectors. */
  readonly phase: "wait" | "fill" | "verify";
  /** Approximate progress of the phase, from 0 to 1; null if unknown. */
  readonly done: number | null;
  /** Records read, and texts embedded. */
  readonly records: number;
  readonly texts: number;
}

/** Result of a reindex. */
export interface ReindexReport extends FillCounts {
  /** Number of the next generation; null for a dry run. */
  readonly generation: number | null;
  /** Whether searches use it now. */
  readonly switched: boolean;
  readonly dryRun: boolean;
  /** Duration in seconds; of a dry run, the estimate. */
  readonly seconds: number;
}

/** The generations of the index. */
export interface ReindexStatus {
  readonly active: GenerationSummary;
  /** The generation that is being built. */
  readonly next: (GenerationSummary & { readonly complete: boolean; readonly progress: FillCounts | null }) | null;
  /** The generation that was active before the switch, until cleanup. */
  readonly previous: GenerationSummary | null;
}

/** One generation. */
export interface GenerationSummary extends GenerationDescriptor {
  readonly number: number;
}

/** Outcome of a removal. */
export interface ReindexRemoval {
  /** Number of the removed generation; null if there was none. */
  readonly generation: number | null;
  /** Names of the deleted collections; on a local file, those of the deleted tables. */
  readonly collections: readonly string[];
}
