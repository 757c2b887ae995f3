import { AttemptTimeoutError } from "./attempt.ts";
import { InterruptedError } from "./retry-sender.ts";

/** Of an exporter: what its protocol calls an error, such as a gRPC code; undefined when it says nothing. */
export type ErrorTypeOf = (error: unknown) => string | undefined;

/** An error as the metrics tell it from others. */
export interface KnownError {
  readonly type: string;
  readonly permanent: boolean;
}

/** The Collector's `error.type` of a failed delivery. */
export function errorType(error: unknown, ofProtocol: ErrorTypeOf = () => undefined): string {
  if (error instanceof InterruptedError) return "Shutdown";
  if (causesOf(error).some((cause) => cause instanceof AttemptTimeoutError)) return "Deadline_Exceeded";
  return ofProtocol(error) ?? "_OTHER";
}

function causesOf(error: unknown): readonly unknown[] {
  const causes: unknown[] = [];
  for (let current = error; current instanceof Error && !causes.includes(current); current = current.cause) {
    causes.push(current);
  }
  return causes;
}
