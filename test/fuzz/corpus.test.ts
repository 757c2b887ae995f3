import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readCorpus, targets } from "./corpus.ts";
import { fuzz, Random, runOne } from "./fuzzer.ts";

describe("fuzzing", () => {
  for (const target of targets) {
    test(`${target.name}: what was kept passes, and a little more`, async () => {
      const corpus = await readCorpus(target.name);
      for (const input of [...target.seeds, ...corpus]) {
        const fate = await runOne(target, input);
        if (typeof fate !== "string") throw fate.error;
      }
      const { failure } = await fuzz(target, corpus, new Random(1), performance.now() + 100);
      if (failure !== undefined) {
        throw new Error(`failed on ${failure.input.toString("base64")}`, { cause: failure.error });
      }
    });
  }

  test("finds a fault, and says for which input", async () => {
    const target = {
      name: "faulty",
      seeds: [Buffer.from("ab")],
      tokens: ["!"],
      run(input: Buffer): string {
        if (input.includes("!")) throw new Error("fault");
        return "fine";
      },
    };
    const { failure } = await fuzz(target, [], new Random(1), performance.now() + 10_000);
    if (failure === undefined) throw new Error("the fault was not found");
    assert.ok(failure.input.includes("!"));
    assert.equal((failure.error as Error).message, "fault");
  });
});
