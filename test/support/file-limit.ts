import { execFileSync } from "node:child_process";

/** Whether {@link limitFiles} works here: it takes Linux and `prlimit`, but no rights. */
export function canLimitFiles(): boolean {
  if (process.platform !== "linux") return false;
  try {
    execFileSync("prlimit", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets no file of a running process grow beyond so many bytes, as a quota would: the write that would do so takes what
 * fits, the next one fails with EFBIG. undefined lifts the limit.
 */
export function limitFiles(pid: number, bytes: number | undefined): void {
  // The soft limit alone, which an ordinary user may raise again.
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes ?? "unlimited"}:`], { stdio: "ignore" });
}
