import {
  type ClientAuthenticator,
  clientMetadata,
  PermanentError,
  type RequestHeaders,
  type Settings,
} from "../../component/index.ts";
import { reveal } from "../../config/index.ts";
import type { HeadersSetterConfig } from "./config.ts";

type Header = HeadersSetterConfig["headers"][number];

/** Sets, changes and removes headers of the requests of clients. */
export class HeadersSetter implements ClientAuthenticator {
  readonly #config: HeadersSetterConfig;

  constructor({ config }: Pick<Settings<HeadersSetterConfig>, "config">) {
    this.#config = config;
  }

  /** @throws PermanentError when the request that brought the data has several values for one header */
  authorize(headers: RequestHeaders): RequestHeaders {
    const result: Record<string, string> = { ...headers };
    for (const header of this.#config.headers) {
      const { key, action } = header;
      const name = key.toLowerCase();
      if (action === "delete") {
        delete result[name];
        continue;
      }
      const value = headerValue(header);
      const isThere = Object.hasOwn(result, name);
      if (value !== undefined && (action === "upsert" || (action === "update") === isThere)) {
        result[name] = value;
      }
    }
    return result;
  }
}

function headerValue({ value, from_context, default_value }: Header): string | undefined {
  if (from_context === undefined) return value && reveal(value);
  const values = clientMetadata.current()?.get(from_context.toLowerCase()) ?? [];
  // One of them would be a guess, and may be somebody else's tenant.
  if (values.length > 1) {
    throw new PermanentError(
      `${values.length} values of ${JSON.stringify(from_context)} came with the data, can't determine which one to use`,
    );
  }
  return values[0] ?? (default_value && reveal(default_value));
}
