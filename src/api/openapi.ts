import type { Handler } from "./context.ts";

/** GET /api/openapi.json: this API as OpenAPI 3.1, from the declarations that check requests. */
export function openapi(): Handler {
  let text: string | null = null;
  return async () => {
    // Loaded when somebody asks: most gateways never are.
    text ??= JSON.stringify((await import("./openapi-document.ts")).openapiDocument());
    return { status: 200, body: text, type: "application/vnd.oai.openapi+json;version=3.1" };
  };
}
