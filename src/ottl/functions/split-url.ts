import { EvaluationError } from "../ottl-error.ts";

const generic = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;
const authority = /^(?:(.*)@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/s;

/** The parts of a URL under the names of the semantic conventions; what it does not have is left out. */
export function splitUrl(url: string): Record<string, unknown> {
  const match = generic.exec(url);
  const place = match === null ? null : authority.exec(match[2] ?? "");
  const lacksScheme = match?.[1] === undefined && /^[^/?#]*:/.test(url);
  if (match === null || place === null || url === "" || lacksScheme || /[\x00-\x1f\x7f]/.test(url)) {
    throw new EvaluationError(`not a URL: ${JSON.stringify(url)}`);
  }
  const [, scheme = "", , path = "", query = "", fragment = ""] = match;
  const [, userInfo = "", host = "", port = ""] = place;
  const decode = (text: string) => {
    try {
      return decodeURIComponent(text);
    } catch {
      throw new EvaluationError(`invalid URL escape in ${JSON.stringify(text)}`);
    }
  };
  const extension = /[^/.][^/]*\.([^./]+)$|\.([^./]+)$/.exec(path);
  const [username = "", ...password] = userInfo.split(":");
  return {
    "url.original": url,
    "url.scheme": scheme.toLowerCase(),
    "url.domain": host.replace(/^\[|\]$/g, ""),
    // As "mailto:someone" has none.
    "url.path": scheme !== "" && match[2] === undefined && !path.startsWith("/") ? "" : decode(path),
    ...(extension !== null && { "url.extension": extension[1] ?? extension[2] }),
    ...(fragment !== "" && { "url.fragment": decode(fragment) }),
    ...(query !== "" && { "url.query": query }),
    ...(port !== "" && { "url.port": BigInt(port) }),
    ...(userInfo !== "" && { "url.user_info": userInfo }),
    ...(username !== "" && { "url.username": decode(username) }),
    ...(password.length > 0 && { "url.password": decode(password.join(":")) }),
  };
}
