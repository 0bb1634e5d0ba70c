import { describe, expect, test } from "bun:test";
import type { Config } from "../../src/config/settings.ts";
import { CallbackSender } from "../../src/replies/callback.ts";
import { GitHubSender } from "../../src/replies/github.ts";
import type { GuardedFetch } from "../../src/replies/guarded-fetch.ts";
import { openSenders } from "../../src/replies/senders.ts";
import { WhatsAppSender } from "../../src/replies/whatsapp.ts";
import { ManualClock } from "../support/clock.ts";
import { callbackReply, commentReply, replyOf } from "./support.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const WHATSAPP = { access_token: "t", graph_url: "https://graph.facebook.com/v24.0/" };
const GITHUB = { access_token: "t", api_url: "https://api.github.com", reply: true };
const SHOP = { scheme: "hmac", secret: "s", reply_url: "https://shop.example/answers", reply_secret: SECRET };

/** The senders of a configuration, and what they ask the network for. */
function open(channels: Config["channels"]) {
  const asked: { readonly url: string; readonly allowPrivate: boolean; readonly signature: string | undefined }[] = [];
  const fetch: GuardedFetch = async (url, { headers }, { allowPrivate }) => {
    asked.push({ url, allowPrivate, signature: headers["webhook-signature"] });
    return { ok: false, reached: "not_sent", permanent: false, detail: "no network" };
  };
  return { senders: openSenders(channels, { fetch, clock: new ManualClock() }), asked };
}

function none(channels: Config["channels"], reply = callbackReply()): string {
  const sender = open(channels).senders(reply);
  return "none" in sender ? sender.none : "there is one";
}

describe("openSenders", () => {
  test("gives every source the sender of its kind", () => {
    const { senders } = open({ whatsapp: WHATSAPP, github: GITHUB, shop: SHOP });
    expect(senders(replyOf())).toBeInstanceOf(WhatsAppSender);
    expect(senders(commentReply())).toBeInstanceOf(GitHubSender);
    expect(senders(callbackReply())).toBeInstanceOf(CallbackSender);
  });

  test("says which setting is missing", () => {
    expect(none({ whatsapp: { ...WHATSAPP, access_token: "" } }, replyOf())).toContain(
      "channels.whatsapp.access_token",
    );
    expect(none({ github: { ...GITHUB, access_token: "" } }, commentReply())).toContain("channels.github.access_token");
    expect(none({ shop: { scheme: "hmac", secret: "s" } })).toContain("channels.shop.reply_url");
    expect(none({ shop: { ...SHOP, reply_secret: "" } })).toContain("channels.shop.reply_secret");
    expect(none({})).toContain('no channel "shop"');
  });

  test("writes no comment once `reply` is off, though the event came while it was on", () => {
    expect(none({ github: { ...GITHUB, reply: false } }, commentReply())).toContain("channels.github.reply");
  });

  test("does not sign with a secret that is none, and does not show it", () => {
    const reason = none({ shop: { ...SHOP, reply_secret: "not base64!" } });
    expect(reason).toContain("not base64;");
    expect(reason).not.toContain("not base64!");
  });

  test("joins URLs without a doubled slash and allows private addresses only where the channel does", async () => {
    for (const reply_private of [false, true]) {
      const { senders, asked } = open({ whatsapp: { ...WHATSAPP, reply_private } });
      const sender = senders(replyOf());
      if ("none" in sender) throw new Error(sender.none);
      await sender.send(replyOf(), async () => {});
      expect(asked).toEqual([
        {
          url: "https://graph.facebook.com/v24.0/106540352242922/messages",
          allowPrivate: reply_private,
          signature: undefined,
        },
      ]);
    }
  });

  test("signs with reply_secret, else with a standard-webhooks channel's own secret, and never with another scheme's", async () => {
    const other = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const signatures: (string | undefined)[] = [];
    for (const values of [
      { scheme: "hmac", secret: other, reply_secret: SECRET },
      { scheme: "standard-webhooks", secret: SECRET },
      { scheme: "standard-webhooks", secrets: [SECRET, other] },
      { scheme: "standard-webhooks", secret: other, reply_secret: SECRET },
    ]) {
      const { senders, asked } = open({ shop: { reply_url: "https://shop.example/", ...values } });
      const sender = senders(callbackReply());
      if ("none" in sender) throw new Error(sender.none);
      await sender.send(callbackReply(), async () => {});
      signatures.push(asked[0]?.signature);
    }
    expect(new Set(signatures).size).toBe(1);
    expect(none({ shop: { scheme: "stripe", secret: SECRET, reply_url: "https://shop.example/" } })).toContain(
      "reply_secret",
    );
  });
});
