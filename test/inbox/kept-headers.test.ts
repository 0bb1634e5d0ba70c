import { describe, expect, test } from "bun:test";
import { keptHeaders } from "../../src/inbox/kept-headers.ts";

const REDACTED = "[redacted]";

describe("keptHeaders", () => {
  test.each([
    "Authorization",
    "Proxy-Authorization",
    "Cookie",
    "X-Pairing-Code",
    "Sec-WebSocket-Protocol",
    "X-Gitlab-Token",
    "X-Telegram-Bot-Api-Secret-Token",
    "X-Api-Key",
    "ApiKey",
    "X-Password",
  ])("keeps of %s only that it was there", (name) => {
    expect(keptHeaders(new Headers({ [name]: "value" }))).toEqual({ [name.toLowerCase()]: REDACTED });
  });

  test("keeps everything else as it came, names in lower case, but for those that the channel names", () => {
    const headers = new Headers({ "X-GitHub-Event": "push", "X-Ours": "s3cret", "User-Agent": "x/1" });
    expect(keptHeaders(headers, ["x-ours"])).toEqual({
      "x-github-event": "push",
      "x-ours": REDACTED,
      "user-agent": "x/1",
    });
  });

  test.each([
    "/webhook/legacy/s3cret/\u00fc",
    "https://h/webhook/legacy/s3cret%2F%C3%BC",
    "/webhook/legacy/s3cret%2f%c3%bc?x=1",
    "/webhook/legacy/%733cret%2f%c3%bc",
    "/webhook/legacy/s3cret%2f%c3%b",
  ])("keeps no header in which a proxy repeats an address with the secret: %s", (address) => {
    const headers = new Headers({ "X-Forwarded-Uri": address, "X-Other": "100%" });
    expect(keptHeaders(headers, [], "s3cret/\u00fc")).toEqual({ "x-forwarded-uri": REDACTED, "x-other": "100%" });
  });
});
