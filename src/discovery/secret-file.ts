import { readFile } from "node:fs/promises";
import { reveal, Secret } from "../config/index.ts";
import { CollectorError, errorText } from "../errors/index.ts";

/**
 * A secret from the config or from its file as it is now, without white space around it; "" where neither is given.
 * @param option names the file in errors
 * @throws CollectorError SCRAPE_AUTH when the file cannot be read
 */
export async function secretFrom(
  value: Secret | string | undefined,
  file: string | undefined,
  option: string,
): Promise<string> {
  if (file === undefined)
    return value === undefined || typeof value === "string" ? (value ?? "") : reveal(value);
  try {
    // Made a secret, so that it is redacted wherever it is quoted.
    return reveal(new Secret((await readFile(file, "utf8")).trim()));
  } catch (cause) {
    const problem = `${option} ${JSON.stringify(file)} cannot be read: ${errorText(cause)}`;
    throw new CollectorError("SCRAPE_AUTH", problem, { cause });
  }
}
