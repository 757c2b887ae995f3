import { z } from "../../config/index.ts";

export interface Token {
  readonly value: string;
  /** What stands before it in the header. */
  readonly type: string;
  readonly expiresInSeconds: number | undefined;
}

const successSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string().default("Bearer"),
  // Some servers send the number as a string.
  expires_in: z.coerce.number().positive().optional(),
});

const failureSchema = z.object({ error: z.string(), error_description: z.string().optional() });

/**
 * RFC 6749 sections 5.1 and 5.2.
 * @throws Error that tells the server's reason, never a token
 */
export function parseToken(status: number, text: string): Token {
  const json = parseJson(text);
  const success = successSchema.safeParse(json);
  if (status === 200 && success.success) {
    const { access_token, token_type, expires_in } = success.data;
    const type = /^bearer$/i.test(token_type) ? "Bearer" : token_type;
    return { value: access_token, type, expiresInSeconds: expires_in };
  }
  const failure = failureSchema.safeParse(json);
  const { error, error_description } = failure.data ?? {};
  const reason = [error, error_description].filter((part) => part !== undefined).join(": ");
  throw new Error(
    reason === "" ? `answered status ${status} without a token` : `answered status ${status}: ${reason}`,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
