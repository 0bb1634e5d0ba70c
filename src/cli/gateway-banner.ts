export interface Banner {
  /** As the server is bound: an address or a name, without brackets. */
  readonly host: string;
  /** The port that is listened on. */
  readonly port: number;
  /** Whether the operating system chose the port. */
  readonly randomPort: boolean;
  readonly code: string;
  /** Whether all paired tokens were cleared at this start. */
  readonly newPairing: boolean;
}

/** The startup lines of the published page ("Terminal Output"), to the character, each with its line feed. */
export function gatewayBanner(banner: Banner): string {
  const host = inUrl(banner.host);
  const address = `${host}:${banner.port}`;
  const cleared = banner.newPairing ? ["🔐 Cleared paired tokens — a fresh pairing code will be generated"] : [];
  const code = `🔐 ${banner.newPairing ? "New " : ""}Pairing Code: ${banner.code}`;
  const urls = [`  HTTP:  http://${address}`, `  WebSocket: ws://${address}/ws`];

  if (banner.randomPort) {
    return lines([
      ...cleared,
      `🚀 Starting ZeroClaw Gateway on ${host} (random port)`,
      "",
      `✓ Gateway server started on port: ${banner.port}`,
      ...urls,
      "",
      code,
    ]);
  }
  return lines([
    ...cleared,
    `🚀 Starting ZeroClaw Gateway on ${address}`,
    "",
    ...codeBlock(code, "15 minutes"),
    "",
    "✓ Gateway server started",
    // The page's transcript of --new-pairing ends here.
    ...(banner.newPairing ? [] : [...urls, "", "📡 Listening for webhook events..."]),
  ]);
}

/** The three lines in which the page shows a pairing code. */
export function codeBlock(title: string, validFor: string): readonly string[] {
  return [title, "   Use this code to authenticate new clients", `   Valid for: ${validFor}`];
}

/** A host as it stands in a URL: IPv6 addresses in brackets (RFC 3986 §3.2.2). */
export function inUrl(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}

function lines(all: readonly string[]): string {
  return `${all.join("\n")}\n`;
}
