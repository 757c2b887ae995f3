import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { parse } from "yaml";
import {
  chartDigest,
  helmTemplate,
  type Mode,
  modes,
  renderManifests,
} from "../../scripts/manifests/chart.ts";
import { problemsOf } from "./kubernetes-schema.ts";
import {
  type Manifest,
  manifestsOf,
  manifestsPath,
  ofKind,
  parseManifests,
  workloadsOf,
} from "./manifests.ts";

function problems(objects: readonly Manifest[]): string[] {
  return objects.flatMap((object) =>
    problemsOf(object).map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`),
  );
}

/** Whether a program can be started. */
function has(program: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const helm = has(process.env["HELM"] ?? "helm", "version") ? false : "there is no helm (PATH, HELM)";
const kubectl = has("kubectl", "kustomize", "--help") ? false : "there is no kubectl";

test("the schema check finds what Kubernetes would refuse", () => {
  const service = { apiVersion: "v1", kind: "Service", metadata: { name: "a" } };
  assert.deepEqual(problemsOf({ ...service, spec: { ports: [{ port: 1, targetPort: "a" }] } } as never), []);
  assert.deepEqual(problemsOf({ ...service, spec: { port: [{ port: "1" }] } } as never), [
    "Service.spec.port: no such field",
  ]);
  assert.deepEqual(problemsOf({ ...service, spec: { ports: [{ port: "1" }, {}] } } as never), [
    'Service.spec.ports[0].port: must be integer, got "1"',
    "Service.spec.ports[1].port: is missing",
  ]);
  assert.deepEqual(problemsOf({ apiVersion: "v2", kind: "Service" }), ["no kind v2/Service is known"]);
});

for (const mode of modes) {
  describe(`manifests for ${mode}`, () => {
    const objects = manifestsOf(mode);
    const named = (kind: string, name: string) =>
      ofKind(objects, kind).find(({ metadata }) => metadata.name === name);

    test("are made of the chart as it is", () => {
      const made = /^# chart: (.*)$/m.exec(readFileSync(manifestsPath(mode), "utf8"))?.[1];
      assert.equal(made, chartDigest(), "run node scripts/render-manifests.ts");
    });

    test("are what Kubernetes takes", () => {
      assert.deepEqual(problems(objects), []);
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
      assert.deepEqual(names, [...new Set(names)]);
    });

    test("run with the least that will do", () => {
      for (const { spec } of workloadsOf(objects)) {
        const pod = spec.template.spec;
        assert.equal(pod.securityContext.runAsNonRoot, true);
        assert.ok(pod.securityContext.runAsUser > 0);
        assert.deepEqual(pod.securityContext.seccompProfile, { type: "RuntimeDefault" });
        for (const key of ["hostNetwork", "hostPID", "hostIPC"]) assert.equal(pod[key], undefined);
        assert.ok(pod.volumes.every((volume: object) => !("hostPath" in volume)));
        for (const container of pod.containers) {
          assert.deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          });
          assert.ok(container.resources.requests.cpu && container.resources.requests.memory);
          assert.ok(container.resources.limits.memory);
          const ports = container.ports.map(({ name }: { name: string }) => name);
          for (const probe of [container.livenessProbe, container.readinessProbe])
            assert.ok(ports.includes(probe.httpGet.port));
        }
      }
      for (const { rules, metadata } of ofKind(objects, "Role", "ClusterRole")) {
        for (const { verbs } of rules) assert.deepEqual(verbs, ["list", "watch"], metadata.name);
      }
    });

    test("hang together", () => {
      for (const { spec, metadata } of workloadsOf(objects)) {
        const { metadata: podMeta, spec: pod } = spec.template;
        const { matchLabels } = spec.selector;
        for (const [key, value] of Object.entries(matchLabels)) assert.equal(podMeta.labels[key], value);
        assert.ok(named("ServiceAccount", pod.serviceAccountName));
        const mounted = pod.volumes.find(({ name }: { name: string }) => name === "config").configMap.name;
        assert.ok(named("ConfigMap", mounted)?.["data"]["config.yaml"]);
        assert.ok(
          pod.containers.every(({ volumeMounts }: { volumeMounts: object[] }) =>
            volumeMounts.every((mount) => !("subPath" in mount)),
          ),
        );
        const policy = named("NetworkPolicy", metadata.name);
        assert.deepEqual(policy?.["spec"].podSelector.matchLabels, matchLabels);
        // Evictions do not touch what runs on every node.
        const budget = named("PodDisruptionBudget", metadata.name);
        assert.equal(budget !== undefined, /-(cluster|gateway)$/.test(metadata.name));
        if (budget !== undefined) assert.deepEqual(budget["spec"].selector.matchLabels, matchLabels);
      }
      for (const { roleRef, subjects, metadata } of ofKind(objects, "RoleBinding", "ClusterRoleBinding")) {
        assert.ok(named(roleRef.kind, roleRef.name), metadata.name);
        for (const { name } of subjects) assert.ok(named("ServiceAccount", name));
      }
      for (const { spec } of ofKind(objects, "HorizontalPodAutoscaler")) {
        const target = named(spec.scaleTargetRef.kind, spec.scaleTargetRef.name);
        assert.ok(target);
        assert.equal(target["spec"].replicas, undefined, "who scales decides alone");
      }
    });

    test("render with kustomize", { skip: kubectl }, () => {
      const directory = dirname(manifestsPath(mode));
      const rendered = execFileSync("kubectl", ["kustomize", directory], { encoding: "utf8" });
      const sorted = (list: readonly Manifest[]) =>
        list.toSorted((a, b) => (`${a.kind} ${a.metadata.name}` < `${b.kind} ${b.metadata.name}` ? -1 : 1));
      assert.deepEqual(sorted(parseManifests(rendered)), sorted(objects));
    });

    test("are what Helm renders", { skip: helm }, () => {
      assert.equal(readFileSync(manifestsPath(mode), "utf8"), renderManifests(mode));
    });
  });
}

test("the topologies differ where they should", () => {
  const kinds = (mode: Mode) =>
    workloadsOf(manifestsOf(mode)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  assert.deepEqual(kinds("node"), ["DaemonSet otelcol-kubevirt-node"]);
  assert.deepEqual(kinds("cluster"), ["StatefulSet otelcol-kubevirt-cluster"]);
  assert.deepEqual(kinds("gateway"), [
    "DaemonSet otelcol-kubevirt-agent",
    "Deployment otelcol-kubevirt-gateway",
  ]);
  const [scaler] = ofKind(manifestsOf("gateway"), "HorizontalPodAutoscaler");
  const pods = scaler?.["spec"].metrics.find(({ type }: { type: string }) => type === "Pods");
  assert.equal(pods.pods.metric.name, "otelcol_exporter_queue_size");
});

describe("the chart", { skip: helm }, () => {
  const render = (...sets: readonly string[]) =>
    parseManifests(helmTemplate(...sets.flatMap((set) => ["--set", set])));

  test("takes every option", () => {
    for (const mode of modes) {
      const objects = render(
        `mode=${mode}`,
        "nameOverride=metrics",
        `image.digest=sha256:${"0".repeat(64)}`,
        "imagePullSecrets[0].name=pull",
        "kubevirt.namespace=openshift-cnv",
        "clusterName=prod-eu",
        "otlp.endpoint=https://otlp.example.com",
        "otlp.secretName=backend",
        "extraConfig.exporters.otlp_http.compression=zstd",
        "agentExtraConfig.receivers.kubevirt_handler.sample_limit=100000",
        "extraEnv[0].name=LOG,extraEnv[0].value=debug",
        "podAnnotations.team=virt",
        "priorityClassName=high",
        "cluster.shards=3",
        "cluster.persistent=true",
        "cluster.storageClassName=fast",
        "gateway.autoscaling.queueBytes=",
        "gateway.tolerations[0].operator=Exists",
      );
      assert.deepEqual(problems(objects), []);
      for (const { metadata } of ofKind(objects, "Role")) assert.equal(metadata.namespace, "openshift-cnv");
      for (const { spec, metadata } of workloadsOf(objects)) {
        const [container] = spec.template.spec.containers;
        assert.match(container.image, /^otelcol-kubevirt@sha256:0{64}$/);
        assert.deepEqual(container.args, [
          "--config=/etc/otelcol/config.yaml",
          "--config=/etc/otelcol/extra.yaml",
        ]);
        const [map] = ofKind(objects, "ConfigMap").filter((object) => object.metadata.name === metadata.name);
        const extra = parse(map?.["data"]["extra.yaml"]);
        const key = metadata.name.endsWith("-agent") ? "receivers" : "exporters";
        assert.deepEqual(Object.keys(extra), [key]);
      }
    }
  });

  test("does without what is switched off", () => {
    const objects = render(
      "mode=gateway",
      "networkPolicy.enabled=false",
      "gateway.autoscaling.enabled=false",
    );
    assert.deepEqual(problems(objects), []);
    assert.deepEqual(ofKind(objects, "NetworkPolicy", "HorizontalPodAutoscaler"), []);
    assert.equal(ofKind(objects, "Deployment")[0]?.["spec"].replicas, 2);
  });

  test("refuses values that mean nothing", () => {
    for (const wrong of ["mode=oops", "otlp.endpoint=host:4317", "cluster.shards=0", "typo=1"])
      assert.throws(() => render(wrong), /values don't meet the specifications/, wrong);
  });
});
