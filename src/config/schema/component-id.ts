import { z } from "zod";
import { CollectorError } from "../../errors/index.ts";
import { markKind } from "./kinds.ts";

export interface ComponentId {
  readonly type: string;
  /** Without it the ID is the type alone. */
  readonly name?: string;
  /** `type` or `type/name`, trimmed. */
  readonly id: string;
}

const typePattern = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
const namePattern = /^[^\p{Z}\p{C}\p{S}]+$/u;

/**
 * `type[/name]` by the Collector's rules: the type is a letter and up to 62 letters, digits or underscores; the name has
 * 1 to 1024 characters, none of them white space, control or symbol, and may contain further slashes.
 * @throws CollectorError CONFIG_ID
 */
export function parseComponentId(text: string): ComponentId {
  const slash = text.indexOf("/");
  const type = (slash < 0 ? text : text.slice(0, slash)).trim();
  const inId = `in ${JSON.stringify(text)} id`;
  if (type === "") {
    if (slash < 0) throw new CollectorError("CONFIG_ID", "id must not be empty");
    throw new CollectorError("CONFIG_ID", `${inId}: the part before / should not be empty`);
  }
  if (!typePattern.test(type)) {
    throw new CollectorError("CONFIG_ID", `${inId}: invalid character(s) in type ${JSON.stringify(type)}`);
  }
  if (slash < 0) return { type, id: type };
  const name = text.slice(slash + 1).trim();
  if (name === "") throw new CollectorError("CONFIG_ID", `${inId}: the part after / should not be empty`);
  if ([...name].length > 1024) {
    throw new CollectorError("CONFIG_ID", `${inId}: name length is greater than 1024 characters`);
  }
  if (!namePattern.test(name)) {
    throw new CollectorError("CONFIG_ID", `${inId}: invalid character(s) in name ${JSON.stringify(name)}`);
  }
  return { type, name, id: `${type}/${name}` };
}

/** An option that names another component; the value is the trimmed ID. */
export function componentId(): z.ZodType<string, string> {
  const schema = z.string().transform((text, context) => {
    try {
      return parseComponentId(text).id;
    } catch (error) {
      if (!(error instanceof CollectorError)) throw error;
      context.issues.push({ code: "custom", input: text, message: error.message });
      return z.NEVER;
    }
  });
  return markKind(schema, "component-id");
}
