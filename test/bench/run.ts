/**
 * `npm run bench`: CPU and peak memory of each stage, side by side with the usual libraries in the same run. Each
 * stage and size runs in a process of its own, so that one's garbage and compiled code do not touch another's.
 * `npm run bench -- parse 1000` runs one stage at one size.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { peakMemoryMb } from "./measure.ts";
import { stages } from "./stages.ts";

const SIZES = [100, 1_000, 10_000];

async function runStage(name: string, vmis: number): Promise<void> {
  const stage = stages[name];
  if (stage === undefined) throw new Error(`no stage ${name}; there are ${Object.keys(stages).join(", ")}`);
  const rows = await stage.run(vmis);
  console.log(
    `\n${stage.title}, ${vmis} VMIs (${vmis * 60} samples), peak memory ${peakMemoryMb().toFixed(0)} MB`,
  );
  for (const { what, microseconds, against } of rows) {
    const rate = 1 / microseconds;
    console.log(
      `  ${what.padEnd(58)} ${microseconds.toFixed(4).padStart(9)} µs/sample ${rate.toFixed(2).padStart(9)} M/cpu-s  ${against}`,
    );
  }
}

const [only, size] = process.argv.slice(2);
if (only !== undefined && size !== undefined) await runStage(only, Number(size));
else {
  for (const name of only === undefined ? Object.keys(stages) : [only]) {
    for (const vmis of stages[name]?.sizes ?? SIZES) {
      const args = [...process.execArgv, fileURLToPath(import.meta.url), name, String(vmis)];
      const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
      if (status !== 0) process.exitCode = 1;
    }
  }
}
