import type { ClientAuthenticator, Clock, RequestHeaders } from "../../component/index.ts";
import { reveal } from "../../config/index.ts";
import type { ClientAuthConfig } from "./config.ts";
import { SecretSource } from "./secret-source.ts";

/** Sends user name and password with each request (RFC 7617). */
export class ClientBasicAuth implements ClientAuthenticator {
  readonly #username: SecretSource;
  readonly #password: SecretSource;

  constructor({ username, username_file, password, password_file }: ClientAuthConfig, clock: Clock) {
    const now = () => clock.now();
    const secret = password === undefined ? undefined : reveal(password);
    this.#username = new SecretSource("username_file", username, username_file, now);
    this.#password = new SecretSource("password_file", secret, password_file, now);
  }

  /** @throws CollectorError AUTH when a file cannot be read */
  async start(): Promise<void> {
    await this.authorize({});
  }

  async authorize(headers: RequestHeaders): Promise<RequestHeaders> {
    const [username, password] = await Promise.all([this.#username.read(), this.#password.read()]);
    const credentials = Buffer.from(`${username}:${password}`).toString("base64");
    return { ...headers, authorization: `Basic ${credentials}` };
  }

  /** The server may know the next password before the file does. */
  refused(): void {
    this.#username.forget();
    this.#password.forget();
  }
}
