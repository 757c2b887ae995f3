import type { ComponentSet } from "../component/index.ts";
import count from "../connectors/count/index.ts";
import forward from "../connectors/forward/index.ts";
import debug from "../exporters/debug/index.ts";
import nop from "../exporters/nop/index.ts";
import otlpGrpc from "../exporters/otlp-grpc/index.ts";
import otlpHttp from "../exporters/otlp-http/index.ts";
import basicAuth from "../extensions/basicauth/index.ts";
import bearerTokenAuth from "../extensions/bearertokenauth/index.ts";
import fileStorage from "../extensions/file-storage/index.ts";
import headersSetter from "../extensions/headers-setter/index.ts";
import healthCheck from "../extensions/health-check/index.ts";
import oauth2Client from "../extensions/oauth2client/index.ts";
import attributes from "../processors/attributes/index.ts";
import batch from "../processors/batch/index.ts";
import cumulativeToDelta from "../processors/cumulative-to-delta/index.ts";
import deltaToCumulative from "../processors/delta-to-cumulative/index.ts";
import deltaToRate from "../processors/delta-to-rate/index.ts";
import filter from "../processors/filter/index.ts";
import groupByAttrs from "../processors/groupbyattrs/index.ts";
import interval from "../processors/interval/index.ts";
import k8sAttributes from "../processors/k8s-attributes/index.ts";
import kubevirtAttributes from "../processors/kubevirt-attributes/index.ts";
import kubevirtHandlerProcessor from "../processors/kubevirt-handler/index.ts";
import memoryLimiter from "../processors/memory-limiter/index.ts";
import metricStartTime from "../processors/metric-start-time/index.ts";
import metricsTransform from "../processors/metrics-transform/index.ts";
import metricsGeneration from "../processors/metricsgeneration/index.ts";
import redaction from "../processors/redaction/index.ts";
import relabel from "../processors/relabel/index.ts";
import resource from "../processors/resource/index.ts";
import resourceDetection from "../processors/resource-detection/index.ts";
import transform from "../processors/transform/index.ts";
import kubevirtHandlerReceiver from "../receivers/kubevirt-handler/index.ts";
import otlp from "../receivers/otlp/index.ts";
import prometheus from "../receivers/prometheus/index.ts";

/** Every built-in component. Explicit: nothing registers itself by being imported. */
export const components: ComponentSet = {
  receivers: [kubevirtHandlerReceiver, otlp, prometheus],
  processors: [
    attributes,
    batch,
    cumulativeToDelta,
    deltaToCumulative,
    deltaToRate,
    filter,
    groupByAttrs,
    interval,
    k8sAttributes,
    kubevirtAttributes,
    kubevirtHandlerProcessor,
    memoryLimiter,
    metricsGeneration,
    metricStartTime,
    metricsTransform,
    redaction,
    relabel,
    resource,
    resourceDetection,
    transform,
  ],
  exporters: [debug, nop, otlpGrpc, otlpHttp],
  extensions: [basicAuth, bearerTokenAuth, fileStorage, headersSetter, healthCheck, oauth2Client],
  connectors: [count, forward],
};
