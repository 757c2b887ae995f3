import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type {
  CertificateAuthority,
  CertificateAuthorityOptions,
  CertificatePair,
  LeafOptions,
} from "../../examples/virt-handler-sim/certificates.ts";
export { createCertificateAuthority } from "../../examples/virt-handler-sim/certificates.ts";

/** Who cleans up: a test context, or `{ after }` from node:test for a whole file. */
export interface Cleanup {
  after(fn: () => Promise<void> | void): void;
}

/** A temporary directory that is removed when the test (or file) is over. */
export async function temporaryDirectory(cleanup: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "otelcol-kubevirt-"));
  cleanup.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Writes texts (PEMs, tokens) into one temporary directory and returns their paths under the same keys, so
 * that `{ ca: pem }` gives `{ ca: "/tmp/…/ca.pem" }`. Overwrite a path to rotate it.
 */
export async function writePemFiles<K extends string>(
  cleanup: Cleanup,
  files: Readonly<Record<K, string>>,
): Promise<Readonly<Record<K, string>>> {
  const directory = await temporaryDirectory(cleanup);
  const paths: Partial<Record<K, string>> = {};
  for (const name of Object.keys(files) as K[]) {
    const path = join(directory, `${name}.pem`);
    await writeFile(path, files[name]);
    paths[name] = path;
  }
  return paths as Record<K, string>;
}
