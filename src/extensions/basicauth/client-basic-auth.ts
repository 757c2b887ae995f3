import type { ClientAuthenticator, Clock, RequestHeaders } from "../../component/index.ts";
import { reveal, Secret } from "../../config/index.ts";
import type { ClientAuthConfig } from "./config.ts";
import { SecretSource } from "./secret-source.ts";

/** Sends user name and password with each request (RFC 7617). */
export class ClientBasicAuth implements ClientAuthenticator {
  readonly #username: SecretSource;
  readonly #password: SecretSource;
  /** As they are sent: servers quote them in errors. */
  #sent: Secret | undefined;

  constructor({ username, username_file, password, password_file }: ClientAuthConfig, clock: Clock) {
    const now = () => clock.now();
    const secret = password === undefined ? undefined : reveal(password);
    this.#username = new SecretSource({
      what: "username_file",
      text: username,
      file: username_file,
      isSecret: false,
      now,
    });
    this.#password = new SecretSource({
      what: "password_file",
      text: secret,
      file: password_file,
      isSecret: true,
      now,
    });
  }

  /** @throws CollectorError AUTH when a file cannot be read */
  async start(): Promise<void> {
    await this.authorize({});
  }

  async authorize(headers: RequestHeaders): Promise<RequestHeaders> {
    const [username, password] = await Promise.all([this.#username.read(), this.#password.read()]);
    const credentials = Buffer.from(`${username}:${password}`).toString("base64");
    if (this.#sent === undefined || reveal(this.#sent) !== credentials) this.#sent = new Secret(credentials);
    return { ...headers, authorization: `Basic ${credentials}` };
  }

  /** The server may know the next password before the file does. */
  refused(): void {
    this.#username.forget();
    this.#password.forget();
  }
}
