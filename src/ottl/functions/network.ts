import { createHash } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { EvaluationError } from "../ottl-error.ts";
import {
  defineFunction,
  type FunctionDefinition,
  int,
  literal,
  optional,
  string,
  strings,
} from "./parameter.ts";

/** Throws Error for what is no CIDR network. */
function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [, address = "", prefix = ""] = /^(.+)\/(\d{1,3})$/.exec(network) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) {
      throw new Error(`${JSON.stringify(network)} is no network such as "10.0.0.0/8"`);
    }
    list.addSubnet(address, Number(prefix), family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

const isInCidr = defineFunction({
  name: "IsInCIDR",
  parameters: { target: string(), networks: strings() },
  returns: "bool",
  build({ target, networks }) {
    const known = networks.constant === undefined ? undefined : blockList(networks.constant.value);
    return (frame) => {
      const address = target.get(frame);
      const family = isIP(address);
      if (family === 0) return false;
      return (known ?? blockList(networks.get(frame))).check(address, family === 4 ? "ipv4" : "ipv6");
    };
  },
});

const protocols: Readonly<Record<string, number>> = {
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  RSVP: 46,
  ICMP6: 58,
  SCTP: 132,
};

/** The 4 or 16 bytes of an address. */
function addressBytes(text: string): Buffer {
  const family = isIP(text);
  if (family === 4) return Buffer.from(text.split(".").map(Number));
  if (family !== 6) throw new EvaluationError(`${JSON.stringify(text)} is no IP address`);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high?: string, low?: string) => ((Number(high) << 8) | Number(low)).toString(16);
  const plain =
    dotted === null ? text : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [head = "", tail] = (plain.split("%")[0] as string).split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...new Array<string>(zeros).fill("0"), ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function port(value: bigint, what: string): number {
  if (value < 0n || value > 65535n) throw new EvaluationError(`${what} must be 0 to 65535, got ${value}`);
  return Number(value);
}

/** Community ID flow hashing, version 1. */
const communityId = defineFunction({
  name: "CommunityID",
  parameters: {
    source_ip: string(),
    source_port: int(),
    destination_ip: string(),
    destination_port: int(),
    protocol: optional(string()),
    seed: optional(literal(int())),
  },
  returns: "string",
  build({ source_ip, source_port, destination_ip, destination_port, protocol, seed = 0n }) {
    const start = port(seed, "seed");
    return (frame) => {
      const name = protocol?.get(frame) ?? "TCP";
      const number = Object.hasOwn(protocols, name) ? protocols[name] : undefined;
      if (number === undefined) {
        throw new EvaluationError(
          `protocol must be one of ${Object.keys(protocols).join(", ")}, got ${JSON.stringify(name)}`,
        );
      }
      const source = {
        address: addressBytes(source_ip.get(frame)),
        port: port(source_port.get(frame), "source_port"),
      };
      const target = {
        address: addressBytes(destination_ip.get(frame)),
        port: port(destination_port.get(frame), "destination_port"),
      };
      // Both directions of a flow have the same hash: the lesser end comes first.
      const order = Buffer.compare(source.address, target.address) || source.port - target.port;
      const [first, second] = order <= 0 ? [source, target] : [target, source];
      const ports = Buffer.alloc(4);
      ports.writeUInt16BE(first.port, 0);
      ports.writeUInt16BE(second.port, 2);
      const head = Buffer.from([start >> 8, start & 0xff]);
      const flow = Buffer.concat([head, first.address, second.address, Buffer.from([number, 0]), ports]);
      return `1:${createHash("sha1").update(flow).digest("base64")}`;
    };
  },
});

export const networkFunctions: readonly FunctionDefinition[] = [isInCidr, communityId];
