/**
 * Requires every entry of the built package as a runtime does that loads CommonJS only, such as Jest: one dependency that consists
 * of ES modules fails there.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import manifest from "../package.json" with { type: "json" };

const entries = Object.entries(manifest.exports)
  .filter(([, conditions]) => typeof conditions === "object" && "require" in conditions)
  .map(([path]) => manifest.name + path.slice(1));

let failed = 0;
for (const entry of entries) {
  // `testing` needs vitest, which its users run.
  if (entry.endsWith("/testing")) continue;
  const program = `if (Object.keys(require(${JSON.stringify(entry)})).length === 0) throw new Error("nothing is exported");`;
  const { status, stderr } = spawnSync(process.execPath, ["--no-experimental-require-module", "-e", program], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    encoding: "utf8",
  });
  if (status !== 0) failed += 1;
  console.log(`require("${entry}") without ES modules: ${status === 0 ? "ok" : stderr.split("\n").find((line) => line.includes("Error")) ?? stderr}`);
}
process.exitCode = failed === 0 ? 0 : 1;
