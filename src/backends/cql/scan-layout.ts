/** Selects the records that a scan returns while there are two layouts of the partitions: each record of its own layout once. */
import { BucketRules } from "./bucket-rules.ts";
import type { Partition, Pass, ScanPlace } from "./scan-place.ts";

type TokenOf = (partition: Partition) => bigint;

interface EarlierPass {
  readonly pass: Pass;
  readonly rules: BucketRules;
  readonly partialToken: bigint | null;
}

/** The layout of one pass of a scan. */
export class ScanLayout {
  readonly #place: Pick<ScanPlace, "rules" | "passes">;
  readonly #rules: BucketRules;
  readonly #passes: readonly EarlierPass[];
  readonly #tokenOf: TokenOf;

  constructor(place: Pick<ScanPlace, "rules" | "passes">, tokenOf: TokenOf) {
    this.#place = place;
    this.#rules = new BucketRules(place.rules ?? []);
    this.#tokenOf = tokenOf;
    this.#passes = place.passes.map((pass) => ({
      pass,
      rules: new BucketRules(pass.rules),
      partialToken: pass.partial === null ? null : tokenOf(pass.partial),
    }));
  }

  /** Whether a place is of this pass. */
  isOf({ rules, passes }: ScanPlace): boolean {
    return rules === this.#place.rules && passes === this.#place.passes;
  }

  /** Whether the scan returns a row: it is of the layout of this pass, and no earlier pass has returned it. */
  returns(namespace: string, bucket: number, key: string): boolean {
    if (this.#rules.bucketOf(namespace, key) !== bucket) return false;
    return !this.#passes.some((pass) => this.#hasReturned(pass, namespace, key));
  }

  #hasReturned({ pass: { after, partial }, rules, partialToken }: EarlierPass, namespace: string, key: string): boolean {
    const bucket = rules.bucketOf(namespace, key);
    if (partial?.namespace === namespace && partial.bucket === bucket) {
      return partial.key !== null && Buffer.compare(Buffer.from(key), Buffer.from(partial.key)) <= 0;
    }
    const token = this.#tokenOf({ namespace, bucket });
    // Pages follow the ring: before the partition of the last record, all partitions were read.
    return token <= after || (partialToken !== null && token < partialToken);
  }
}
