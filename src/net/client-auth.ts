import type { Reference } from "../component/index.ts";
import { componentId, z } from "../config/index.ts";

/** The Collector's `auth` section of clients and servers. */
export const authSchema = z.strictObject({
  authenticator: componentId().describe(
    "ID of the extension, such as `bearertokenauth` or `oauth2client/prod`; it has to be in `service::extensions`.",
  ),
});

export type AuthConfig = z.output<typeof authSchema>;

/** What a component with an `auth` section names, for the `references` of its definition. */
export function authReferences(
  auth: AuthConfig | undefined,
  path: readonly string[] = ["auth"],
): readonly Reference[] {
  if (auth === undefined) return [];
  return [{ kind: "extension", id: auth.authenticator, path: [...path, "authenticator"] }];
}
