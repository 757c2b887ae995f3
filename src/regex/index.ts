export { compileRegex, type Regex, RegexError, type RegexMatch, type RegexOptions } from "./compile-regex.ts";
export { expandTemplate } from "./expand-template.ts";
