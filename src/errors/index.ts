export { type ErrorCode, errorCodes } from "./codes.ts";
export { CollectorError } from "./collector-error.ts";
export { errorText } from "./error-text.ts";
