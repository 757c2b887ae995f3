import type { DocumentedFamily, DocumentedSet } from "../documented-set.ts";
import { canConnect } from "./can-connect.ts";
import { familiesOf } from "./families.ts";

const { gauge, count, histogram } = familiesOf("kubevirt_api");

/** KubeVirt 1.3.0 put its own prefix before the names of client-go. */
function client(family: DocumentedFamily): DocumentedFamily {
  const total = family.kind === "count" ? [{ family: `kubevirt_${family.family}_total` }] : [];
  return { ...family, otherNames: [{ family: `kubevirt_${family.family}` }, ...total] };
}

/** The documented set of virt-api. */
export const apiSet: DocumentedSet = {
  direct: [canConnect("kubevirt_api", "virt-api")],
  families: [
    count("process_cpu_seconds", "process.cpu_seconds", "s", "CPU time that the process has used."),
    gauge("process_max_fds", "process.max_fds", "{file}", "File descriptors that the process may open."),
    gauge("process_open_fds", "process.open_fds", "{file}", "File descriptors that are open."),
    gauge(
      "process_resident_memory_bytes",
      "process.resident_memory_bytes",
      "By",
      "Resident memory of the process.",
    ),
    gauge(
      "process_start_time_seconds",
      "process.start_time_seconds",
      "s",
      "When the process was started, in seconds since the Unix epoch.",
    ),
    gauge(
      "process_virtual_memory_bytes",
      "process.virtual_memory_bytes",
      "By",
      "Virtual memory of the process.",
    ),
    gauge(
      "process_virtual_memory_max_bytes",
      "process.virtual_memory_max_bytes",
      "By",
      "Virtual memory that the process may have.",
    ),
    count(
      "promhttp_metric_handler_requests",
      "promhttp.metric_handler_requests",
      "{request}",
      "Scrapes that were answered, by status code.",
    ),
    gauge(
      "promhttp_metric_handler_requests_in_flight",
      "promhttp.metric_handler_requests_in_flight",
      "{request}",
      "Scrapes that are being answered now.",
    ),
    client(
      histogram(
        "rest_client_rate_limiter_duration_seconds",
        "rest.client_rate_limiter_duration_seconds",
        "s",
        "Time that requests to the Kubernetes API were held back by the client.",
      ),
    ),
    client(
      histogram(
        "rest_client_request_latency_seconds",
        "rest.client_request_latency_seconds",
        "s",
        "Time that requests to the Kubernetes API took.",
      ),
    ),
    client(
      count("rest_client_requests", "rest.client_requests", "{request}", "Requests to the Kubernetes API."),
    ),
  ],
};
