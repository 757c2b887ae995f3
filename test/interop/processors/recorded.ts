import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CaseResult } from "./outcome.ts";

/** What comes of a case. */
export interface Recorded {
  readonly collector: CaseResult;
  /** Of a case that names a deviation. */
  readonly here?: CaseResult;
}

export type RecordedGroup = Readonly<Record<string, Recorded>>;

const directory = join(import.meta.dirname, "..", "recorded");
const fileOf = (group: string) => join(directory, `${group}.json`);

/** What was recorded for the cases of a group, by their names. */
export function readRecorded(group: string): RecordedGroup {
  return existsSync(fileOf(group)) ? JSON.parse(readFileSync(fileOf(group), "utf8")) : {};
}

export async function writeRecorded(group: string, recorded: RecordedGroup): Promise<void> {
  await writeFile(fileOf(group), `${JSON.stringify(recorded, null, 2)}\n`);
}
