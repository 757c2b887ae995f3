import type { ClientAuthenticator, RequestHeaders, Settings } from "../../component/index.ts";
import { reveal } from "../../config/index.ts";
import type { HeadersSetterConfig } from "./config.ts";

/** Sets, changes and removes headers of the requests of clients. */
export class HeadersSetter implements ClientAuthenticator {
  readonly #config: HeadersSetterConfig;

  constructor({ config }: Pick<Settings<HeadersSetterConfig>, "config">) {
    this.#config = config;
  }

  authorize(headers: RequestHeaders): RequestHeaders {
    const result: Record<string, string> = { ...headers };
    for (const { key, action, value } of this.#config.headers) {
      const name = key.toLowerCase();
      const isThere = Object.hasOwn(result, name);
      if (action === "delete") delete result[name];
      else if (value !== undefined && (action === "upsert" || (action === "update") === isThere)) {
        result[name] = reveal(value);
      }
    }
    return result;
  }
}
