import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a directory with those above it that are missing. In place of `mkdir`'s own `recursive`, which goes on for ever
 * where a file system says ENOENT although what is above is there, as `/proc` and automounters do.
 * @returns the first one made, undefined when all were there
 * @throws what the file system says
 */
export async function makeDirectories(path: string, mode: number): Promise<string | undefined> {
  if (await isDirectory(path)) return undefined;
  const parent = dirname(path);
  const first = parent === path ? undefined : await makeDirectories(parent, mode);
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Somebody else may have been faster.
    if ((error as { code?: unknown }).code !== "EEXIST" || !(await isDirectory(path))) throw error;
    return first;
  }
  return first ?? path;
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}
