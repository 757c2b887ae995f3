import { createHash, createHmac } from "node:crypto";
import { reveal } from "../../config/index.ts";
import type { Config } from "./config.ts";

/** What stands in place of a text that is not to be seen. */
export function masker({
  hash_function: name,
  hmac_key: key,
}: Pick<Config, "hash_function" | "hmac_key">): (text: string) => string {
  const digest = (algorithm: string) => (text: string) => createHash(algorithm).update(text).digest("hex");
  const keyed = (algorithm: string) => (text: string) =>
    createHmac(algorithm, key === undefined ? "" : reveal(key))
      .update(text)
      .digest("hex");
  switch (name) {
    case "":
      return () => "****";
    case "sha3":
      return digest("sha3-256");
    case "sha1":
    case "md5":
      return digest(name);
    case "hmac-sha256":
      return keyed("sha256");
    case "hmac-sha512":
      return keyed("sha512");
  }
}
