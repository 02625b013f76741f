/**
 * Validates every Kubernetes manifest in docs/deployment.md against the strict schemas of Kubernetes, offline once they are cached.
 * Proves first that the validator rejects a misspelled field.
 *
 *     npm run check:manifests
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder, fillCacheFolder } from "../test/servers/cache-folder.ts";
import { installPackages } from "../test/servers/python-packages.ts";

const PAGE = "docs/deployment.md";
const KUBERNETES = "1.37";
const run = promisify(execFile);

const packages = cacheFolder(process.env, "kubernetes-validate-1.37.0");
await fillCacheFolder(packages, async (work) => {
  const target = join(work, "packages");
  await mkdir(target);
  await installPackages(fileURLToPath(new URL("manifest-requirements.txt", import.meta.url)), target, process.env);
  return target;
});

/** Returns what the validator says of a manifest; null for a valid one. */
async function faultOf(manifest: string, file: string): Promise<string | null> {
  await writeFile(file, manifest);
  try {
    await run("python3", ["-m", "kubernetes_validate", "--strict", "--no-warn", "--quiet", "-k", KUBERNETES, file], { env: { ...process.env, PYTHONPATH: packages } });
    return null;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return `${stdout}${stderr}`.trim() || String(error);
  }
}

const page = await readFile(new URL(`../${PAGE}`, import.meta.url), "utf8");
const manifests = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text = ""]) => text).filter((text) => text.startsWith("apiVersion:"));
if (manifests.length === 0) throw new Error(`${PAGE} has no manifest.`);
const folder = await mkdtemp(join(tmpdir(), "manifests-"));
try {
  const misspelled = (manifests[0] ?? "").replace("replicas:", "replica:");
  if ((await faultOf(misspelled, join(folder, "wrong.yaml"))) === null) throw new Error("The validator accepts a misspelled field.");
  for (const [i, manifest] of manifests.entries()) {
    const fault = await faultOf(manifest, join(folder, `${i}.yaml`));
    const name = `${/^kind: (\w+)/m.exec(manifest)?.[1] ?? "manifest"} ${i + 1} of ${manifests.length} in ${PAGE}`;
    if (fault !== null) throw new Error(`${name} does not match the schema of Kubernetes ${KUBERNETES}:\n${fault}`);
    console.log(`${name}: valid, Kubernetes ${KUBERNETES}, strict`);
  }
} finally {
  await rm(folder, { recursive: true });
}
