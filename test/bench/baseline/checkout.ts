/** Checks out another version of this repository, with its dependencies. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A version in a folder of its own. */
export interface Checkout {
  readonly folder: string;
  /** Full name of the commit. */
  readonly commit: string;
  /** Whether it uses the dependencies that are installed here; otherwise it has its own. */
  readonly sharesDependencies: boolean;
  remove(): Promise<void>;
}

/**
 * Creates a git worktree of a commit in a temporary folder. If its `package-lock.json` equals the one here, it uses the
 * installed `node_modules`; otherwise `npm ci` installs its own.
 *
 * @param ref - a commit, branch or tag
 * @param repository - the folder of this version
 * @throws Error when the ref names no commit, or its dependencies cannot be installed; nothing is left behind
 */
export async function checkOut(ref: string, repository: string): Promise<Checkout> {
  const git = async (...args: string[]): Promise<string> => (await run("git", ["-C", repository, ...args])).stdout.trim();
  const commit = await git("rev-parse", "--verify", "--quiet", "--end-of-options", `${ref}^{commit}`).catch((error: unknown) => {
    throw new Error(`"${ref}" names no commit of ${repository}. Name a commit, branch or tag that was fetched.`, { cause: error });
  });
  const parent = await mkdtemp(join(tmpdir(), "bench-baseline-"));
  const folder = join(parent, "checkout");
  const remove = async (): Promise<void> => {
    await rm(parent, { recursive: true, force: true });
    await git("worktree", "prune", "--expire", "now");
  };
  try {
    await git("worktree", "add", "--quiet", "--detach", folder, commit);
    const [own, others] = await Promise.all([repository, folder].map((each) => readFile(join(each, "package-lock.json"), "utf8")));
    const sharesDependencies = own === others;
    if (sharesDependencies) await symlink(join(repository, "node_modules"), join(folder, "node_modules"), "dir");
    else await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder });
    return { folder, commit, sharesDependencies, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
