import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Modules that read files of the package, and what they are in the executable: nothing lies beside that. */
function standIns(version: string): Plugin {
  return {
    name: "stand-ins",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /\/package-file\.ts$/ }, ({ kind }) =>
        kind === "entry-point"
          ? undefined
          : { path: fileURLToPath(new URL("./package-file.ts", import.meta.url)) },
      );
      // The version is asked for at every start, and a read-only file system has no room for a copy of package.json.
      onLoad({ filter: /[\\/]src[\\/]cli[\\/]version\.ts$/ }, () => ({
        contents: `export const version = ${JSON.stringify(version)};`,
        loader: "ts",
      }));
    },
  };
}

/** Puts the program and all that it needs into one CommonJS file, which is what Node.js takes into an executable. */
export async function bundle(outfile: string, version: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["scripts/sea/entry.ts"],
    outfile,
    bundle: true,
    platform: "node",
    target: "node22",
    format: "cjs",
    // Names of classes are seen in logs.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    define: { "import.meta.url": "executableUrl" },
    banner: { js: 'const executableUrl = require("node:url").pathToFileURL(process.execPath).href;' },
    plugins: [standIns(version)],
    logLevel: "warning",
  });
}
