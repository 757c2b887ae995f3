import type { BuildInfo } from "../component/index.ts";

// Backends group by the Collector's spelling, which is Go's.
const GO_NAMES: Readonly<Record<string, string>> = {
  win32: "windows",
  sunos: "solaris",
  x64: "amd64",
  ia32: "386",
};

/** `otelcol-kubevirt/1.2.3 (linux/amd64)` */
export function userAgent({ command, version }: BuildInfo, platform: string, arch: string): string {
  return `${command}/${version} (${GO_NAMES[platform] ?? platform}/${GO_NAMES[arch] ?? arch})`;
}
