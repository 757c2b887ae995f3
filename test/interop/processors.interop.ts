import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { writeConfig } from "../e2e/pipeline.ts";
import type { Cleanup } from "../support/certificates.ts";
import { CollectorProcess } from "../support/collector-process.ts";
import { startCollector } from "./parts.ts";
import { buildCollector } from "./peers.ts";
import { type ProcessorCase, readCases } from "./processors/cases.ts";
import type { CaseResult } from "./processors/outcome.ts";
import { type Recorded, readRecorded, writeRecorded } from "./processors/recorded.ts";
import { runCases } from "./processors/run-collector.ts";

/** `INTEROP_RECORD=1` writes down what comes out instead of comparing it with what was written down; then format it. */
const isRecording = process.env["INTEROP_RECORD"] === "1";

/** Alpha features of the peer that we have too. */
const FEATURE_GATES = ["ottl.functions.enableLambda"];

describe("processors of a Collector and ours do the same, or differ as said", () => {
  let binary: string;
  before(async () => {
    binary = await buildCollector("processors-peer");
  });

  for (const { name: group, cases } of readCases()) {
    describe(group, () => {
      let theirs: readonly CaseResult[];
      let ours: readonly CaseResult[];
      const recorded = readRecorded(group);
      before(async () => {
        theirs = await runCases(cases, (t, config) =>
          startCollector(t, binary, config, [`--feature-gates=${FEATURE_GATES.join()}`]),
        );
        ours = await runCases(cases, startOurs);
        if (isRecording) await writeRecorded(group, record(cases, theirs, ours));
      });
      for (const [i, { name, deviation }] of cases.entries()) {
        test(name, () => {
          if (!isRecording)
            assert.deepEqual(theirs[i], recorded[name]?.collector, "a Collector does otherwise");
          if (deviation === undefined) assert.deepEqual(ours[i], theirs[i]);
          else assert.notDeepEqual(ours[i], theirs[i], `no longer so: ${deviation}`);
        });
      }
    });
  }
});

async function startOurs(t: Cleanup, config: object): Promise<void> {
  const collector = await CollectorProcess.start(t, ["--config", await writeConfig(t, config)]);
  await collector.untilLog(({ msg }) => msg.startsWith("Everything is ready"));
}

function record(
  cases: readonly ProcessorCase[],
  theirs: readonly CaseResult[],
  ours: readonly CaseResult[],
): Record<string, Recorded> {
  return Object.fromEntries(
    cases.map(({ name, deviation }, i) => [
      name,
      { collector: theirs[i] ?? [], ...(deviation !== undefined && { here: ours[i] ?? [] }) },
    ]),
  );
}
