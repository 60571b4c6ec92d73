export type JsonObject = Readonly<Record<string, unknown>>;

/** The JSON object of a text; `undefined` when it is anything else, or no JSON at all. Never throws. */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An object with named values: no array, no null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The beginning of a value as JSON, at most `length` characters, for logs and reports. Never throws. */
export function jsonExcerpt(value: unknown, length: number): string {
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, length);
  } catch {
    // Nested deeper than the stack: what is written of it does not matter.
    return `of type ${typeof value}`;
  }
}
