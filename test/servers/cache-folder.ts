/** Downloads that are kept between runs, each in a folder of its own that any number of processes may fill at once. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

const ABANDONED_AFTER_MS = 60 * 60_000;
const MANIFEST = "manifest.json";

/** Size in bytes of each file of a folder, by its path in it. */
type Manifest = Readonly<Record<string, number>>;

const filling = new Map<string, Promise<void>>();

/**
 * Says where a download is kept between runs: in `$LANGGRAPH_STORE_CACHE`, or else `~/.cache/langgraph-store-scylladb`.
 *
 * @param name names what is kept and its version, for example "cassandra-5.0.4"
 */
export function cacheFolder(env: NodeJS.ProcessEnv, name: string): string {
  return join(env["LANGGRAPH_STORE_CACHE"] || join(homedir(), ".cache", "langgraph-store-scylladb"), name);
}

/** Says whether every file that was once put into the folder is there in full. */
export async function isComplete(folder: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, MANIFEST), "utf8")) as Manifest;
    const checks = Object.entries(manifest).map(async ([path, size]) => (await stat(join(folder, path))).size === size);
    return checks.length > 0 && (await Promise.all(checks)).every(Boolean);
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/**
 * Makes sure that a folder of the cache is complete. Each process fetches into a folder of its own, and the first to be
 * done gives its folder the final name.
 *
 * @param fetchInto downloads into the empty folder that it is given, and returns the folder in it that is to be kept
 * @throws what `fetchInto` throws; nothing of the attempt is left
 */
export async function fillCacheFolder(folder: string, fetchInto: (work: string) => Promise<string>): Promise<void> {
  const running = filling.get(folder);
  if (running !== undefined) return running;
  const fill = fillOnce(folder, fetchInto).finally(() => filling.delete(folder));
  filling.set(folder, fill);
  return fill;
}

async function fillOnce(folder: string, fetchInto: (work: string) => Promise<string>): Promise<void> {
  if (await isComplete(folder)) return;
  const work = `${folder}.${process.pid}-${randomUUID()}`;
  try {
    await mkdir(work, { recursive: true });
    await removeAbandoned(folder);
    const fetched = await fetchInto(work);
    // Written after the last file, so a folder with a manifest was complete. The sizes detect later damage.
    await writeFile(join(fetched, MANIFEST), JSON.stringify(await sizes(fetched), undefined, 2));
    await moveIntoPlace(fetched, folder, join(work, "replaced"));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

// An interrupted download leaves its work folder. No download takes this long, so the folder is unused.
async function removeAbandoned(folder: string): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(folder)}.`)) continue;
    const { mtimeMs } = await stat(join(parent, name));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(join(parent, name), { recursive: true, force: true });
  }
}

async function moveIntoPlace(fetched: string, folder: string, aside: string): Promise<void> {
  if (await renamed(fetched, folder)) return;
  if (await isComplete(folder)) return;
  await renamed(folder, aside);
  // Another process may have put a complete folder there between the check and the move; then that one goes back.
  const source = (await isComplete(aside)) ? aside : fetched;
  if ((await renamed(source, folder)) || (await isComplete(folder))) return;
  throw new Error(`${folder} cannot be replaced: remove it and run again`);
}

/** Renames a folder; false where the target is a folder that holds something, or the source is gone. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOENT") return false;
    throw error;
  }
}

async function sizes(folder: string): Promise<Manifest> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(
      paths.sort().map(async (path) => [path.slice(folder.length + 1), (await stat(path)).size] as const),
    ),
  );
}
