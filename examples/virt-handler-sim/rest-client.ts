import { Histogram } from "./histogram.ts";
import type { Random } from "./random.ts";
import type { Family, Labels } from "./text-format.ts";
import { compareLabels, sampleLine, sortLabels } from "./text-format.ts";

const HOST = "10.96.0.1:443";
const LATENCY_BOUNDS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
] as const;
const LIMITER_BOUNDS = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512] as const;

/** `verb` of the histograms is the HTTP method, `verb` of the counter the Kubernetes one. */
interface Call {
  readonly method: string;
  readonly verb: string;
  readonly resource: string;
  readonly url: string;
  readonly perSecond: number;
}

const VMI = "/apis/kubevirt.io/v1/namespaces/%7Bnamespace%7D/virtualmachineinstances/%7Bname%7D";
const CALLS: readonly Call[] = [
  { method: "GET", verb: "GET", resource: "nodes", url: "/api/v1/nodes/%7Bname%7D", perSecond: 0.1 },
  { method: "GET", verb: "GET", resource: "virtualmachineinstances", url: VMI, perSecond: 0.1 },
  {
    method: "GET",
    verb: "LIST",
    resource: "virtualmachineinstances",
    url: "/apis/kubevirt.io/v1/virtualmachineinstances",
    perSecond: 0.02,
  },
  { method: "PATCH", verb: "PATCH", resource: "nodes", url: "/api/v1/nodes/%7Bname%7D", perSecond: 0.05 },
  { method: "PUT", verb: "UPDATE", resource: "virtualmachineinstances", url: VMI, perSecond: 0.2 },
];

interface Series<T> {
  readonly labels: Labels;
  readonly value: T;
}

/** virt-handler's requests to the Kubernetes API; a series exists only once such a request was made. */
export class RestClient {
  readonly #latency = new Map<string, Series<Histogram>>();
  readonly #limiter = new Map<string, Series<Histogram>>();
  readonly #requests = new Map<string, Series<{ count: number }>>();

  constructor(random: Random) {
    for (const call of CALLS) this.#make(call, "200", random);
  }

  advance(seconds: number, apiReachable: boolean, random: Random): void {
    for (const call of CALLS) {
      const calls = Math.min(random.around(call.perSecond * seconds), 50);
      for (let index = 0; index < calls; index++) {
        const conflict = call.method === "PUT" && random.chance(0.03);
        this.#make(call, apiReachable ? (conflict ? "409" : "200") : "<error>", random);
      }
    }
  }

  families(): readonly Family[] {
    const histograms = (name: string, series: ReadonlyMap<string, Series<Histogram>>) => (): string =>
      inOrder(series)
        .map(({ labels, value }) => value.lines(name, labels))
        .join("");
    const limiter = "kubevirt_rest_client_rate_limiter_duration_seconds";
    const latency = "kubevirt_rest_client_request_latency_seconds";
    const requests = "kubevirt_rest_client_requests_total";
    return [
      {
        name: limiter,
        type: "histogram",
        help: "Seconds the client's own rate limiter held a request back, by verb and URL.",
        lines: histograms(limiter, this.#limiter),
      },
      {
        name: latency,
        type: "histogram",
        help: "Seconds a request to the Kubernetes API took, by verb and URL.",
        lines: histograms(latency, this.#latency),
      },
      {
        name: requests,
        type: "counter",
        help: "Requests to the Kubernetes API, by status code, method, host, resource and verb.",
        lines: () =>
          inOrder(this.#requests)
            .map(({ labels, value }) => sampleLine(requests, labels, value.count))
            .join(""),
      },
    ];
  }

  #make(call: Call, code: string, random: Random): void {
    const { method, verb, resource } = call;
    const key = `${method} ${call.url}`;
    const byUrl = sortLabels([
      ["verb", method],
      ["url", `https://${HOST}${call.url}`],
    ]);
    const latency = entry(this.#latency, key, byUrl, () => new Histogram(LATENCY_BOUNDS));
    const limiter = entry(this.#limiter, key, byUrl, () => new Histogram(LIMITER_BOUNDS));
    latency.observe(random.duration(-2.6, -0.4));
    limiter.observe(random.duration(-5.5, -2.5));
    const byCode = sortLabels(Object.entries({ code, method, host: HOST, resource, verb }));
    entry(this.#requests, `${code} ${verb} ${resource}`, byCode, () => ({ count: 0 })).count++;
  }
}

function entry<T>(map: Map<string, Series<T>>, key: string, labels: Labels, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known.value;
  const value = make();
  map.set(key, { labels, value });
  return value;
}

function inOrder<T>(series: ReadonlyMap<string, Series<T>>): readonly Series<T>[] {
  return [...series.values()].sort((a, b) => compareLabels(a.labels, b.labels));
}
