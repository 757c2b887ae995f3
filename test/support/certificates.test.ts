import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { createCertificateAuthority } from "./certificates.ts";

test("an issued certificate is verified by its authority and by no other of the same name", () => {
  const ca = createCertificateAuthority({ commonName: "kubevirt.io@1" });
  const other = new X509Certificate(createCertificateAuthority({ commonName: "kubevirt.io@1" }).certPem);
  const authority = new X509Certificate(ca.certPem);
  const leaf = new X509Certificate(ca.issue({ commonName: "leaf", dnsNames: ["virt-handler"] }).certPem);
  assert.equal(authority.ca, true);
  assert.equal(leaf.ca, false);
  assert.equal(leaf.checkIssued(authority), true);
  assert.equal(leaf.verify(authority.publicKey), true);
  assert.equal(leaf.checkIssued(other), false);
  assert.equal(leaf.verify(other.publicKey), false);
});

test("subject alternative names hold DNS names, IPv4 and IPv6 addresses", () => {
  const leaf = new X509Certificate(
    createCertificateAuthority().issue({
      commonName: "kubevirt.io:system:node:virt-handler",
      dnsNames: ["virt-handler.kubevirt.svc", "virt-handler"],
      ipAddresses: ["127.0.0.1", "::1", "2001:DB8::ffff:10.244.0.38"],
    }).certPem,
  );
  assert.equal(leaf.subject, "CN=kubevirt.io:system:node:virt-handler");
  assert.equal(leaf.checkHost("virt-handler.kubevirt.svc"), "virt-handler.kubevirt.svc");
  assert.equal(leaf.checkHost("virt-handler.other.svc"), undefined);
  assert.equal(leaf.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(leaf.checkIP("::1"), "::1");
  assert.equal(leaf.checkIP("2001:db8::ffff:af4:26"), "2001:db8::ffff:af4:26");
  assert.equal(leaf.checkIP("127.0.0.2"), undefined);
});

test("the life of a certificate follows days and now, also beyond 2049", () => {
  const now = new Date("2049-12-30T12:00:00Z");
  const ca = createCertificateAuthority({ now, days: 7 });
  const authority = new X509Certificate(ca.certPem);
  assert.equal(authority.validFromDate.toISOString(), "2049-12-30T11:00:00.000Z");
  assert.equal(authority.validToDate.toISOString(), "2050-01-06T12:00:00.000Z");
  const expired = new X509Certificate(ca.issue({ commonName: "old", now, days: -1 }).certPem);
  assert.equal(expired.validToDate.toISOString(), "2049-12-29T12:00:00.000Z");
  assert.ok(expired.validFromDate < expired.validToDate);
});

test("extended key usage tells server from client certificates", () => {
  const ca = createCertificateAuthority();
  const usage = (client: boolean): readonly string[] =>
    new X509Certificate(ca.issue({ commonName: "x", client }).certPem).keyUsage ?? [];
  assert.deepEqual(usage(false), ["1.3.6.1.5.5.7.3.1"]);
  assert.deepEqual(usage(true), ["1.3.6.1.5.5.7.3.2"]);
});

test("an address that is none is refused", () => {
  assert.throws(
    () => createCertificateAuthority().issue({ commonName: "x", ipAddresses: ["10.0.0"] }),
    /10\.0\.0/,
  );
});
