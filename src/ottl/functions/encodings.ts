import { randomFillSync } from "node:crypto";
import { EvaluationError } from "../ottl-error.ts";
import {
  defineConverter,
  defineFunction,
  type FunctionDefinition,
  literal,
  optional,
  string,
  stringOrBytes,
} from "./parameter.ts";

const variants: Readonly<
  Record<string, { readonly encoding: "base64" | "base64url"; readonly padded: boolean }>
> = {
  base64: { encoding: "base64", padded: true },
  "base64-raw": { encoding: "base64", padded: false },
  "base64-url": { encoding: "base64url", padded: true },
  "base64-raw-url": { encoding: "base64url", padded: false },
};

const alphabets = { base64: /^[A-Za-z0-9+/]*$/, base64url: /^[A-Za-z0-9_-]*$/ };

function decodeBase64(text: string, variant: string): string {
  const { encoding, padded } = variants[variant] as (typeof variants)[string];
  const compact = text.replaceAll(/[\r\n]/g, "");
  const body = padded ? compact.replace(/={1,2}$/, "") : compact;
  const isPadded = compact.length % 4 === 0;
  if ((padded && !isPadded) || body.length % 4 === 1 || !alphabets[encoding].test(body)) {
    throw new EvaluationError(`not ${variant}: ${JSON.stringify(text)}`);
  }
  return Buffer.from(body, encoding).toString();
}

const base64Encode = defineFunction({
  name: "Base64Encode",
  parameters: { target: string(), variant: optional(literal(string())) },
  returns: "string",
  build({ target, variant = "base64" }) {
    const known = Object.hasOwn(variants, variant) ? variants[variant] : undefined;
    if (known === undefined) {
      throw new Error(
        `variant must be one of ${Object.keys(variants).join(", ")}, got ${JSON.stringify(variant)}`,
      );
    }
    return (frame) => {
      const text = Buffer.from(target.get(frame)).toString(known.encoding).replace(/=+$/, "");
      return known.padded ? text.padEnd(Math.ceil(text.length / 4) * 4, "=") : text;
    };
  },
});

const decode = defineFunction({
  name: "Decode",
  parameters: { target: stringOrBytes(), encoding: literal(string()) },
  returns: "string",
  build({ target, encoding }) {
    if (Object.hasOwn(variants, encoding)) {
      return (frame) => decodeBase64(Buffer.from(target.get(frame) as string).toString("latin1"), encoding);
    }
    let decoder: InstanceType<typeof TextDecoder>;
    try {
      decoder = new TextDecoder(encoding);
    } catch (error) {
      throw new Error(`unknown encoding ${JSON.stringify(encoding)}`, { cause: error });
    }
    return (frame) => decoder.decode(Buffer.from(target.get(frame) as string));
  },
});

/** A UUID of 16 bytes: sets the version and the variant (RFC 9562). */
function formatUuid(bytes: Buffer, version: number): string {
  bytes[6] = ((bytes[6] as number) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function uuid(name: string, version: 4 | 7): FunctionDefinition {
  return {
    name,
    parameters: {},
    returns: "string",
    effects: { isImpure: true },
    build: () => (frame) => {
      const bytes = randomFillSync(Buffer.alloc(16));
      if (version === 7) bytes.writeUIntBE(Number(frame.now() / 1_000_000n), 0, 6);
      return formatUuid(bytes, version);
    },
  };
}

export const encodingFunctions: readonly FunctionDefinition[] = [
  base64Encode,
  decode,
  defineConverter("Base64Decode", { target: string() }, "string", ({ target }) =>
    decodeBase64(target, "base64"),
  ),
  uuid("UUID", 4),
  uuid("UUIDv7", 7),
];
