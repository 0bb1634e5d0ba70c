import { describe } from "bun:test";
import { githubConformance } from "./http-channels-github.ts";
import { inboxConformance } from "./http-channels-inbox.ts";
import { sourceLimitConformance } from "./http-channels-limits.ts";
import { schemeConformance } from "./http-channels-schemes.ts";
import { secretConformance } from "./http-channels-secrets.ts";
import { whatsappConformance } from "./http-channels-whatsapp.ts";

/** The channels at the door of a running gateway. `command` starts it. */
export function channelConformance(command: readonly string[]): void {
  describe("channels", () => {
    schemeConformance(command);
    whatsappConformance(command);
    githubConformance(command);
    sourceLimitConformance(command);
    inboxConformance(command);
    secretConformance(command);
  });
}
