/** Checks of the local file: that it can be written, and that there is room to write. */
import { access, constants, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "../model/errors.ts";
import { passed, type Finding } from "../ports/diagnosis.ts";

/** Free bytes below which a warning is due. */
const LOW_BYTES = 1024 ** 3;

/** Runs all checks. */
export async function diagnoseFile(path: string): Promise<Finding[]> {
  return [await file(path), await space(path)];
}

async function file(path: string): Promise<Finding> {
  const check = "Local file";
  try {
    await access(dirname(path), constants.W_OK);
    await access(path, constants.R_OK | constants.W_OK);
    const { size, mode } = await stat(path);
    const detail = `${path}, ${size} bytes`;
    if ((mode & 0o077) === 0) return passed(check, detail);
    return { check, status: "warning", detail: `${detail}, readable by other users`, fix: `Run: chmod 600 ${path}` };
  } catch (error) {
    return { check, status: "problem", detail: messageOf(error), fix: "Let the user of this process write the file and its folder: SQLite keeps its log beside the file." };
  }
}

async function space(path: string): Promise<Finding> {
  const check = "Disk space";
  try {
    const { bavail, bsize } = await statfs(dirname(path));
    const free = bavail * bsize;
    const detail = `${Math.floor(free / 1024 ** 2)} MiB free`;
    return free >= LOW_BYTES ? passed(check, detail) : { check, status: "warning", detail, fix: "Free space, or move the store to a larger disk." };
  } catch (error) {
    return { check, status: "problem", detail: messageOf(error), fix: "Check the folder of the store." };
  }
}
