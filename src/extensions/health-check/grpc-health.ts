import { type Clock, requestHeaders, sleep } from "../../component/index.ts";
import { shownError } from "../../config/index.ts";
import {
  type CallMetadata,
  decodeHealthRequest,
  encodeHealthResponse,
  type GrpcServerSettings,
  grpcServerOptions,
  HEALTH_CHECK,
  HEALTH_WATCH,
  RpcCode,
  RpcError,
  ServingStatus,
  type StreamCall,
} from "../../grpc/index.ts";
import type { Admission } from "./admission.ts";
import type { GrpcConfig } from "./config.ts";
import type { HealthView } from "./health.ts";

/** The host tells no changes: so often watches look for one. */
const LOOK_MS = 200;

export interface GrpcHealthParts {
  readonly admit: Admission;
  readonly clock: Clock;
  /** How everything is now. */
  readonly view: () => HealthView;
}

/** The server of grpc.health.v1.Health; its services are the pipelines, `extensions`, and the whole under "". */
export function grpcHealthSettings(
  config: GrpcConfig,
  { admit, clock, view }: GrpcHealthParts,
): Omit<GrpcServerSettings, "logger" | "now"> {
  return {
    endpoint: config.endpoint,
    ...grpcServerOptions(config),
    methods: {
      async [HEALTH_CHECK](message, metadata) {
        await authenticate(admit, metadata());
        const service = decodeHealthRequest(message);
        const health = view().of(service);
        if (health !== undefined) return encodeHealthResponse(servingStatus(health.healthy));
        throw new RpcError(RpcCode.NotFound, `there is no pipeline ${JSON.stringify(service)}`);
      },
    },
    streams: {
      async [HEALTH_WATCH](message, call) {
        await authenticate(admit, call.metadata());
        await watch(decodeHealthRequest(message), call, clock, view);
      },
    },
  };
}

/** Sends the status of a service now and with each change. A service that is unknown may come, and one that is known go. */
async function watch(
  service: string,
  { send, signal }: StreamCall,
  clock: Clock,
  view: () => HealthView,
): Promise<never> {
  let sent: ServingStatus | undefined;
  while (!signal.aborted) {
    const health = view().of(service);
    const status = health === undefined ? ServingStatus.SERVICE_UNKNOWN : servingStatus(health.healthy);
    if (status !== sent) {
      sent = status;
      // A client that reads slowly gets what is the case when it does, not all that was.
      await send(encodeHealthResponse(status));
    } else {
      const healthyMs = (health?.healthyUntil ?? Number.POSITIVE_INFINITY) - clock.now();
      await sleep(clock, Math.max(0, Math.min(LOOK_MS, healthyMs)), signal);
    }
  }
  // Where the server closes: whoever is told nothing would go on with what was the case before.
  if (sent === ServingStatus.SERVING) await send(encodeHealthResponse(ServingStatus.NOT_SERVING));
  throw signal.reason;
}

function servingStatus(healthy: boolean): ServingStatus {
  return healthy ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
}

/** @throws RpcError Unauthenticated, or Unavailable when the authenticator cannot tell */
async function authenticate(admit: Admission, metadata: CallMetadata): Promise<void> {
  const refusal = await admit(requestHeaders(metadata)).catch((cause: unknown) => {
    throw new RpcError(RpcCode.Unavailable, `the call cannot be authenticated: ${shownError(cause)}`, {
      cause,
    });
  });
  if (refusal === undefined) return;
  throw new RpcError(RpcCode.Unauthenticated, refusal.message, { cause: refusal });
}
