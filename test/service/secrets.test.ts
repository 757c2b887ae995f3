import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDiagnostics, printConfig } from "../../src/config/index.ts";
import { components } from "../../src/distribution/index.ts";
import { loadConfig, printableConfig } from "../../src/service/index.ts";

const SECRET = "s3cret-of-mine";

const rest = {
  receivers: { otlp: { protocols: { http: {} } } },
  exporters: { debug: {} },
  service: { pipelines: { metrics: { receivers: ["otlp"], exporters: ["debug"] } } },
};

async function problemsOf(yaml: string, sets: readonly string[] = []): Promise<string> {
  const uris = [`yaml:${JSON.stringify(rest)}`, `yaml:${yaml}`];
  const { diagnostics } = await loadConfig({ uris, sets, env: { TOKEN: SECRET }, cwd: "." }, components);
  assert.ok(diagnostics.items.length > 0, `no problem in ${yaml}`);
  for (const { sourceLine, message } of diagnostics.items) {
    assert.doesNotMatch(`${sourceLine}${message}`, new RegExp(SECRET));
  }
  return formatDiagnostics(diagnostics.items);
}

const extension = (type: string, body: string) => `extensions:\n  ${type}:\n    ${body}`;

test("no problem shows a secret, or what was meant to be one", async (t) => {
  const cases: Readonly<Record<string, string>> = {
    "mistyped key": extension("bearertokenauth", `tokn: ${SECRET}`),
    "mistyped key far from any option": extension("bearertokenauth", `my_passwrd: ${SECRET}`),
    "key that exists elsewhere": extension("bearertokenauth", `client_secret: ${SECRET}`),
    "mistyped key in a section": extension("basicauth", `client_auth: {username: u, pasword: ${SECRET}}`),
    "another key is wrong": extension("basicauth", `client_auth: {password: ${SECRET}, usrname: u}`),
    "a text in place of a list": extension("bearertokenauth", `tokens: "${SECRET}"`),
    "a text in place of a section": extension("bearertokenauth", SECRET),
    "a text in place of headers": `exporters: {otlp_http: {endpoint: "http://h", headers: ${SECRET}}}`,
    "a map in place of a text": extension("bearertokenauth", `token: {a: ${SECRET}}`),
    "a list of lists": extension("bearertokenauth", `tokens: [[${SECRET}]]`),
    "JSON in one line": `{"extensions":{"bearertokenauth":{"token":"${SECRET}","shceme":"x"}}}`,
    "a quote that is not closed": extension("bearertokenauth", `token: "${SECRET}`),
    "a line of a text of several lines": extension("bearertokenauth", `token: "a\n      ${SECRET}`),
    "a key twice": extension("bearertokenauth", `token: a\n    token: ${SECRET}`),
    "a header twice": `exporters:\n  otlp_http:\n    headers:\n      x-one: a\n      x-one: ${SECRET}`,
    "a password in a URL": `exporters: {otlp_http: {endpoint: "ftp://u:${SECRET}@h"}}`,
    "a password in a URL elsewhere": `exporters: {otlp_http: {endpoint: "http://u:${SECRET}@h", timeot: 1s}}`,
    "what a variable holds": extension("bearertokenauth", `tokens: \${env:TOKEN}`),
  };
  for (const [name, yaml] of Object.entries(cases)) {
    await t.test(name, async () => {
      const text = await problemsOf(yaml);
      assert.doesNotMatch(text, new RegExp(SECRET), text);
    });
  }
});

test("no slip of the keyboard in a key shows the secret behind it", async () => {
  const options: Readonly<Record<string, readonly string[]>> = {
    bearertokenauth: ["token", "tokens"],
    oauth2client: ["client_secret"],
    basicauth: ["password", "inline"],
  };
  const slips = (key: string) =>
    [...key].flatMap((letter, i) => [
      key.slice(0, i) + key.slice(i + 1),
      key.slice(0, i) + letter + key.slice(i),
      key.slice(0, i) + (key[i + 1] ?? "") + letter + key.slice(i + 2),
      `${key.slice(0, i)}x${key.slice(i + 1)}`,
    ]);
  const styles = [
    (key: string) => `${key}: ${SECRET}`,
    (key: string) => `{${key}: ${SECRET}, nme: x}`,
    (key: string) => `{"nme":"x","${key}":"${SECRET}"}`,
  ];
  for (const [type, keys] of Object.entries(options)) {
    for (const key of keys.flatMap(slips).filter((slip) => !keys.includes(slip))) {
      for (const style of styles) {
        const section = { password: "client_auth: ", inline: "htpasswd: " };
        const parent = type !== "basicauth" ? "" : key.includes("i") ? section.inline : section.password;
        const body = parent === "" ? style(key) : `${parent}${style(key).replace(/^[^{].*$/, "{$&}")}`;
        const text = await problemsOf(extension(type, body));
        assert.doesNotMatch(text, new RegExp(SECRET), text);
      }
    }
  }
});

test("a key with what may be a secret behind it is shown, with the caret below it", async () => {
  assert.match(
    await problemsOf(extension("basicauth", `client_auth: {username: u, pasword: ${SECRET}}`)),
    /\n {8}client_auth: \{username: u, pasword: \[REDACTED\]\n {35}\^\n/,
  );
  assert.match(
    await problemsOf(extension("basicauth", `client_auth: {password: ${SECRET}, usrname: u}`)),
    /\n {8}client_auth: \{password: \*{14}, usrname: u\}\n {48}\^\n/,
  );
  const set = await problemsOf("{}", [`extensions.bearertokenauth.tokn=${SECRET}`]);
  assert.match(set, /extensions\.bearertokenauth\.tokn= ?\[REDACTED\]/);
  assert.doesNotMatch(set, new RegExp(SECRET));
});

test("values of keys that have no secrets are shown", async () => {
  assert.match(await problemsOf("exporters: {debug: {verbositi: detailed}}"), /verbositi: detailed/);
  assert.match(await problemsOf(extension("bearertokenauth", `tokn: \${env:TOKEN}`)), /tokn/);
  assert.match(await problemsOf("exporters: {debug: {verbosity: lots}}"), /unknown value "lots"/);
});

test("a printed configuration has no passwords in URLs, and no secrets under names of people's own", async () => {
  const yaml = JSON.stringify({
    ...rest,
    exporters: {
      debug: {},
      otlp_http: { endpoint: `http://u:${SECRET}@h:1/x`, proxy_url: `http://u:${SECRET}@proxy:1` },
    },
    extensions: {
      oauth2client: {
        client_id: "id",
        client_secret: SECRET,
        token_url: `http://h/token?api_key=${SECRET}`,
        endpoint_params: { client_secret: SECRET, audience: "all" },
      },
    },
  });
  const { config } = await loadConfig({ uris: [`yaml:${yaml}`], env: {}, cwd: "." }, components);
  assert.ok(config);
  for (const format of ["yaml", "json"] as const) {
    const text = printConfig(printableConfig(config), undefined, { format });
    assert.doesNotMatch(text, new RegExp(SECRET), text);
    assert.match(text, /http:\/\/\[REDACTED\]@h:1\/x/);
    assert.match(text, /audience"?: "?all/);
    const whole = printConfig(printableConfig(config), undefined, { format, mode: "unredacted" });
    assert.equal(whole.split(SECRET).length - 1, 5);
  }
});
