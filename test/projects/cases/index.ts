/** Runs the trials of projects of users. */
import { BUNDLERS } from "./bundlers.ts";
import { NEXT } from "./next.ts";
import { Project } from "./project.ts";
import { RUNNERS } from "./runners.ts";
import { RUNTIMES } from "./runtimes.ts";
import type { Trial } from "./trial.ts";

/** All trials, in order. */
export const TRIALS: readonly Trial[] = [...BUNDLERS, NEXT, ...RUNNERS, ...RUNTIMES];

/** The outcome of one check. */
export interface Result {
  readonly name: string;
  readonly isRight: boolean;
  readonly seconds: number;
  /** A size, or why the check failed. */
  readonly note: string;
}

const hasServers = process.env["TEST_CQL_CONTACT_POINTS"] !== undefined && process.env["TEST_QDRANT_URL"] !== undefined;

/**
 * Runs the checks of a trial one after another.
 *
 * @param keep - whether the folder of the project stays
 */
export async function* runTrial(trial: Trial, tarball: string, keep = false): AsyncGenerator<Result> {
  const begin = performance.now();
  let project: Project;
  try {
    project = await Project.create(tarball, trial.packages, trial.folders);
  } catch (error) {
    yield { name: `${trial.name}: installs`, isRight: false, seconds: (performance.now() - begin) / 1_000, note: String(error) };
    return;
  }
  try {
    for (const check of trial.checks) {
      if (check.needsServers === true && !hasServers) continue;
      const start = performance.now();
      const outcome = await check.run(project).then(
        (note) => ({ isRight: true, note: note ?? "" }),
        (error: unknown) => ({ isRight: false, note: String(error) }),
      );
      yield { name: check.name, seconds: (performance.now() - start) / 1_000, ...outcome };
    }
  } finally {
    if (keep) console.log(`kept: ${project.folder}`);
    else await project.remove();
  }
}
