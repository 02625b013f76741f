import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkOut } from "../../bench/baseline/checkout.ts";

/** A repository of two commits, whose second one changes the source. */
function repository(): { folder: string; git: (...args: string[]) => string } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "checkout-")));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const git = (...args: string[]): string =>
    execFileSync("git", ["-C", folder, "-c", "user.name=a", "-c", "user.email=a@b.invalid", ...args], { encoding: "utf8" }).trim();
  git("init", "--quiet");
  mkdirSync(join(folder, "node_modules", "thing"), { recursive: true });
  writeFileSync(join(folder, "node_modules", "thing", "index.js"), "installed");
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "a", version: "1.0.0" }));
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ name: "a", version: "1.0.0", lockfileVersion: 3, packages: { "": { name: "a", version: "1.0.0" } } }),
  );
  for (const text of ["old", "new"]) {
    writeFileSync(join(folder, "source.ts"), text);
    git("add", "source.ts", "package.json", "package-lock.json");
    git("commit", "--quiet", "--message", text);
  }
  return { folder, git };
}

test("a checkout has the sources of its commit and the installed dependencies, and leaves nothing behind", async () => {
  const { folder, git } = repository();
  const checkout = await checkOut("HEAD~1", folder);
  expect(readFileSync(join(checkout.folder, "source.ts"), "utf8")).toBe("old");
  expect(checkout.commit).toBe(git("rev-parse", "HEAD~1"));
  expect(checkout.sharesDependencies).toBe(true);
  expect(realpathSync(join(checkout.folder, "node_modules"))).toBe(join(folder, "node_modules"));
  await checkout.remove();
  expect(existsSync(checkout.folder)).toBe(false);
  expect(git("worktree", "list").split("\n")).toHaveLength(1);
  expect(existsSync(join(folder, "node_modules", "thing", "index.js"))).toBe(true);
});

test("a commit with another package-lock.json installs its own dependencies", async () => {
  const { folder } = repository();
  writeFileSync(
    join(folder, "package-lock.json"),
    JSON.stringify({ name: "a", version: "1.0.1", lockfileVersion: 3, packages: { "": { name: "a", version: "1.0.1" } } }),
  );
  const checkout = await checkOut("HEAD", folder);
  onTestFinished(() => checkout.remove());
  expect(checkout.sharesDependencies).toBe(false);
  expect(existsSync(join(checkout.folder, "node_modules", "thing"))).toBe(false);
});

test("a name that is not a commit is rejected with the accepted forms", async () => {
  const { folder, git } = repository();
  await expect(checkOut("nowhere", folder)).rejects.toThrow(/"nowhere" names no commit of .* Name a commit, branch or tag/);
  await expect(checkOut("--help", folder)).rejects.toThrow(/"--help" names no commit/);
  expect(git("worktree", "list").split("\n")).toHaveLength(1);
});
