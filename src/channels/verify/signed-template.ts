/** `{timestamp}.{body}` and its like, taken apart around the body. */
export interface SignedTemplate {
  readonly usesTimestamp: boolean;
  readonly usesId: boolean;
  /** The characters that follow `{id}`: an id with them in it could be read as another id and another body. */
  readonly afterId: string;
  /** What is signed before the body, and after it. */
  readonly around: (values: SignedValues) => { readonly before: string; readonly after: string };
}

export interface SignedValues {
  readonly timestamp: string;
  readonly id: string;
}

const PLACE = /\{(?:body|timestamp|id)\}/g;

/** Null if `{body}` does not stand in it exactly once. Other braces are text. */
export function parseSigned(text: string): SignedTemplate | null {
  const [before, after, ...more] = text.split("{body}");
  if (before === undefined || after === undefined || more.length > 0) return null;
  return {
    usesTimestamp: text.includes("{timestamp}"),
    usesId: text.includes("{id}"),
    afterId: /\{id\}(.*)$/s.exec(text)?.[1]?.split(PLACE)[0] ?? "",
    around: (values) => ({ before: fill(before, values), after: fill(after, values) }),
  };
}

/** In one pass: a value that looks like a place is not filled again. */
function fill(text: string, { timestamp, id }: SignedValues): string {
  return text.replace(/\{(timestamp|id)\}/g, (_match, name) => (name === "id" ? id : timestamp));
}
