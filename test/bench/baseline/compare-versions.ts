/** `npm run bench -- --baseline REF`: this version of the store beside another, in one run on the same servers. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StartedEnvironment } from "../environment.ts";
import type { Plan } from "../run.ts";
import type { SystemName } from "../system.ts";
import { warm } from "../warm.ts";
import { WorkerProcess } from "../worker-process.ts";
import { checkOut, type Checkout } from "./checkout.ts";
import { compareCases, type Compared, type Pair } from "./compare-cases.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** Each version warms Cassandra for this share of the usual time. */
const WARM_SHARE = { full: 0.5, quick: 0.25 };

/** What is compared. */
export interface VersionPlan extends Plan {
  readonly ref: string;
  readonly systems: readonly SystemName[];
  readonly isQuick: boolean;
  /** Whether this version indexes terms. The other one does so if it can. */
  readonly hasTerms: boolean;
  /** Folder for CPU profiles of both versions, in folders of their names. */
  readonly profileFolder?: string;
}

/** Checks out the other version, runs all cases on both, and removes it. */
export async function compareVersions(
  { environment }: StartedEnvironment,
  plan: VersionPlan,
  log: (line: string) => void,
): Promise<Compared & { readonly commit: string }> {
  const checkout = await checkOut(plan.ref, REPOSITORY);
  log(`baseline: ${checkout.commit}, ${checkout.sharesDependencies ? "with the dependencies installed here" : "with its own dependencies"}`);
  const workers: WorkerProcess[] = [];
  try {
    const pairs: Pair[] = [];
    for (const system of plan.systems) {
      const start = async (storeName: string, other?: Checkout): Promise<WorkerProcess> => {
        const profiling = plan.profileFolder === undefined ? {} : { profileFolder: join(plan.profileFolder, storeName) };
        const worker = await WorkerProcess.start(system, { ...environment, storeName, hasTerms: plan.hasTerms || other !== undefined }, { ...profiling, ...(other && { checkout: other.folder }) });
        workers.push(worker);
        log(`${system}: seeding the ${other === undefined ? "current version" : "baseline"}`);
        await worker.seed();
        return worker;
      };
      const baseline = await start("bench_baseline", checkout);
      pairs.push({ system, baseline, current: await start("bench_current") });
    }
    for (const worker of workers) await worker.settle();
    await warm(workers, plan.isQuick ? WARM_SHARE.quick : WARM_SHARE.full, log);
    const compared = await compareCases(pairs, plan, ({ case: name, system, current, baseline, ratio, interval: [low, high], isRegression }) =>
      log(
        `${name.padEnd(18)} ${system.padEnd(9)} ${baseline.toFixed(0).padStart(7)} → ${current.toFixed(0).padStart(7)}/s  ` +
          `${ratio.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})${isRegression ? "  regression" : ""}`,
      ),
    );
    for (const worker of workers) await worker.stop();
    return { ...compared, commit: checkout.commit };
  } finally {
    for (const worker of workers) worker.kill();
    await checkout.remove();
  }
}
