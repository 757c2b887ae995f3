import type { KeyObject } from "node:crypto";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";

/** A certificate and its private key (PKCS #8), both PEM. */
export interface CertificatePair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface CertificateAuthorityOptions {
  /** Subject and issuer common name; default "otelcol-kubevirt test CA". */
  readonly commonName?: string;
  /** Days until the CA expires, from `now`; default 7, KubeVirt's own CA life. */
  readonly days?: number;
  /** The moment of issue; default the wall clock. */
  readonly now?: Date;
}

export interface LeafOptions {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Days until the leaf expires, from `now`; default 1; negative makes an expired one. */
  readonly days?: number;
  /** true: a client certificate (extended key usage clientAuth), else a server certificate. */
  readonly client?: boolean;
  readonly now?: Date;
}

export interface CertificateAuthority extends CertificatePair {
  /** A fresh ECDSA P-256 key pair with a certificate signed by this authority. */
  issue(options: LeafOptions): CertificatePair;
}

interface Subject {
  readonly commonName: string;
  readonly publicKey: KeyObject;
}

interface CertificateContent {
  readonly subject: Subject;
  readonly issuer: Subject;
  readonly issuerKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Buffer[];
}

const DAY_MS = 86_400_000;
/** Certificates start this much in the past, so that a peer with a slow clock accepts them too. */
const BACKDATE_MS = 3_600_000;

const OID = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/**
 * Makes a self-signed ECDSA P-256 certificate authority (X.509 v3, RFC 5280), the kind virt-operator makes for
 * virt-handler. For simulators and tests: nothing is written to disk and serial numbers are not recorded.
 */
export function createCertificateAuthority(options: CertificateAuthorityOptions = {}): CertificateAuthority {
  const now = options.now ?? new Date();
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authority: Subject = { commonName: options.commonName ?? "otelcol-kubevirt test CA", publicKey };
  const certPem = encodeCertificate({
    subject: authority,
    issuer: authority,
    issuerKey: privateKey,
    notBefore: notBefore(now, options.days ?? 7),
    notAfter: new Date(now.getTime() + (options.days ?? 7) * DAY_MS),
    extensions: [
      extension(OID.basicConstraints, true, sequence(boolean(true))),
      extension(OID.keyUsage, true, keyUsage(0b0000_0110, 1)),
      ...keyIdentifiers(authority, authority),
    ],
  });
  return { certPem, keyPem: keyPem(privateKey), issue: (leaf) => issue(authority, privateKey, leaf) };
}

function issue(authority: Subject, issuerKey: KeyObject, options: LeafOptions): CertificatePair {
  const now = options.now ?? new Date();
  const days = options.days ?? 1;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject: Subject = { commonName: options.commonName, publicKey };
  const names = subjectAltNames(options.dnsNames ?? [], options.ipAddresses ?? []);
  const certPem = encodeCertificate({
    subject,
    issuer: authority,
    issuerKey,
    notBefore: notBefore(now, days),
    notAfter: new Date(now.getTime() + days * DAY_MS),
    extensions: [
      extension(OID.basicConstraints, true, sequence()),
      extension(OID.keyUsage, true, keyUsage(0b1000_0000, 7)),
      extension(
        OID.extendedKeyUsage,
        false,
        sequence(objectIdentifier(options.client === true ? OID.clientAuth : OID.serverAuth)),
      ),
      ...(names.length > 0 ? [extension(OID.subjectAltName, false, sequence(...names))] : []),
      ...keyIdentifiers(subject, authority),
    ],
  });
  return { certPem, keyPem: keyPem(privateKey) };
}

function notBefore(now: Date, days: number): Date {
  return new Date(now.getTime() + Math.min(0, days * DAY_MS) - BACKDATE_MS);
}

function keyPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

/** RFC 5280 section 4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }. */
function encodeCertificate(content: CertificateContent): string {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const tbs = sequence(
    tagged(0xa0, integer(Buffer.from([2]))), // version: v3
    integer(randomBytes(16)),
    algorithm,
    distinguishedName(content.issuer.commonName),
    sequence(time(content.notBefore), time(content.notAfter)),
    distinguishedName(content.subject.commonName),
    spki(content.subject.publicKey),
    tagged(0xa3, sequence(...content.extensions)),
  );
  const signature = sign("sha256", tbs, content.issuerKey);
  const der = sequence(tbs, algorithm, bitString(signature, 0));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  const value = tagged(0x0c, Buffer.from(commonName, "utf8"));
  return sequence(tagged(0x31, sequence(objectIdentifier(OID.commonName), value)));
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  const parts = critical ? [boolean(true)] : [];
  return sequence(objectIdentifier(oid), ...parts, tagged(0x04, value));
}

/** Named bits count from the highest; DER wants the count of unused low bits. */
function keyUsage(bits: number, unused: number): Buffer {
  return bitString(Buffer.from([bits]), unused);
}

/** Chain building with two CAs of one name (a rotation) needs these: names alone would be ambiguous. */
function keyIdentifiers(subject: Subject, issuer: Subject): readonly Buffer[] {
  return [
    extension(OID.subjectKeyIdentifier, false, tagged(0x04, keyIdentifier(subject.publicKey))),
    extension(OID.authorityKeyIdentifier, false, sequence(tagged(0x80, keyIdentifier(issuer.publicKey)))),
  ];
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash("sha256").update(spki(key)).digest().subarray(0, 20);
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function subjectAltNames(dnsNames: readonly string[], ipAddresses: readonly string[]): readonly Buffer[] {
  return [
    ...dnsNames.map((name) => tagged(0x82, Buffer.from(name, "ascii"))),
    ...ipAddresses.map((address) => tagged(0x87, ipBytes(address))),
  ];
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  if (!isIPv6(address)) throw new TypeError(`"${address}" is not an IP address`);
  // The URL parser turns every spelling (embedded IPv4, upper case) into lower-case hexadecimal groups.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = "", tail = ""] = canonical.split("::");
  const groups = (part: string): readonly string[] => (part === "" ? [] : part.split(":"));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...new Array<string>(missing).fill("0"), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

/** RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050. */
function time(date: Date): Buffer {
  const digits = date
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:T]/g, "");
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2), "ascii"))
    : tagged(0x18, Buffer.from(digits, "ascii"));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.from([value ? 0xff : 0]));
}

/** A non-negative INTEGER in its shortest form, as DER requires. */
function integer(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const shortest = bytes.subarray(start);
  const negative = ((shortest[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, negative ? Buffer.concat([Buffer.from([0]), shortest]) : shortest);
}

function bitString(bytes: Buffer, unusedBits: number): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

function objectIdentifier(oid: string): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const septets = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) septets.unshift((left & 0x7f) | 0x80);
    bytes.push(...septets);
  }
  return tagged(0x06, Buffer.from(bytes));
}

/** Tag, definite length (short form below 128 bytes), content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = length.toString(16);
  const size = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, content]);
}
