import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { isStandardWebhookId, signStandardWebhook, standardWebhookKey } from "../../src/lib/standard-webhooks.ts";

const keys = fc.uint8Array({ minLength: 1, maxLength: 70 }).map((key) => Buffer.from(key));

describe("signStandardWebhook", () => {
  test("makes the signature of the specification's example", () => {
    const body = Buffer.from('{"test": 2432232314}');
    const signature = signStandardWebhook(
      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      "msg_p5jXN8AQM9LWM0D4loKWxJek",
      1614265330,
      body,
    );
    expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  test("agrees with the standardwebhooks library for any key and text", () => {
    fc.assert(
      fc.property(keys, fc.string({ unit: "grapheme" }), (key, text) => {
        const secret = `whsec_${key.toString("base64")}`;
        const theirs = new Webhook(secret).sign("msg_1", new Date(1614265330_000), text);
        expect(signStandardWebhook(secret, "msg_1", 1614265330, Buffer.from(text))).toBe(theirs);
      }),
    );
  });

  test("throws rather than sign with a bad secret or an ambiguous id, and does not quote the secret", () => {
    const body = Buffer.from("{}");
    for (const secret of ["", "whsec_", "whsec_häß", "whsec_MfKQ 9r8G", "whsk_MfKQ9r8G"]) {
      const sign = () => signStandardWebhook(secret, "msg_1", 1, body);
      expect(sign).toThrow("Cannot sign with the Standard Webhooks secret: ");
      if (secret.length > 6) expect(sign).not.toThrow(secret);
    }
    for (const id of ["", "a.b", "a b", "ä", "a\n"]) {
      expect(() => signStandardWebhook("whsec_MfKQ9r8G", id, 1, body)).toThrow("Cannot sign a webhook with the id");
    }
  });
});

describe("standardWebhookKey", () => {
  test("reads base64 with and without its prefix and its padding", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const base64 = key.toString("base64");
        for (const secret of [base64, `whsec_${base64}`, `whsec_${base64.replace(/=+$/, "")}`]) {
          expect(standardWebhookKey(secret)).toEqual({ ok: true, key });
        }
      }),
    );
  });

  test.each([
    ["empty", "", "it is empty"],
    ["the prefix alone", "whsec_", "it is empty"],
    ["padding alone", "whsec_==", "it is not base64"],
    ["white space at the end", "whsec_MfKQ9r8G\n", "it is not base64"],
    ["base64url", "whsec_Mf-_9r8G", "it is not base64"],
    ["left-over bits", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAB==", "it is not base64"],
    ["the prefix twice", "whsec_whsec_MfKQ9r8G", "it is not base64"],
    ["an ed25519 key", "whsk_MfKQ9r8G", "it is an ed25519 key"],
    ["an ed25519 public key", "whpk_MfKQ9r8G", "it is an ed25519 key"],
  ])("says what is wrong with a secret: %s", (_what, secret, reason) => {
    expect(standardWebhookKey(secret)).toEqual({ ok: false, reason: expect.stringContaining(reason) });
  });
});

describe("isStandardWebhookId", () => {
  test("holds for visible ASCII without dots alone", () => {
    expect(
      ["msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "01890a5d-ac96-774b-bcce-b302099a8057", "~"].every(isStandardWebhookId),
    ).toBe(true);
    expect(["", ".", "a.b", "a b", "ü", "a\u007f"].some(isStandardWebhookId)).toBe(false);
  });
});
