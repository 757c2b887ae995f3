import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpError, printableUrl } from "../../src/net/index.ts";

test("a URL is shown without credentials, wherever it has them, and otherwise as it is", () => {
  const shown = (text: string) => printableUrl(new URL(text));
  assert.equal(shown("https://us%65r:p%40ss@host:8443/metrics"), "https://host:8443/metrics");
  assert.equal(
    shown("http://host/m?tok=1&api_key=k3y&token=s3cret#x"),
    "http://host/m?tok=1&api_key=[REDACTED]&token=[REDACTED]#x",
  );
  assert.equal(shown("http://[::1]:9090/metrics?collect[]=cpu"), "http://[::1]:9090/metrics?collect[]=cpu");
  const error = new HttpError(
    "connect",
    { method: "GET", url: new URL("http://u:p@h/?token=s3cret") },
    "gone",
  );
  assert.equal(error.message, "GET http://h/?token=[REDACTED]: gone");
});
