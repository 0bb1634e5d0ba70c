import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import Stripe from "stripe";
import { signStripe, verifyStripe } from "../../../src/channels/verify/stripe.ts";
import {
  bitFlips,
  bodies,
  byHeaders,
  cuts,
  delivery,
  NOW,
  outcome,
  secrets,
  spoiledHex,
  TIMES,
  texts,
  verdict,
} from "./deliveries.ts";

const SECRET = "whsec_test_secret";
const TIME = 1614265330;
const BODY = '{"id":"evt_test_webhook","object":"event"}';
const DIGEST = "3c5817089d739023dd6190f70a3757e04f7a2fd8b5dab12c2e000f51970dccff";

const settings = (...live: string[]) => ({ channel: "stripe", secrets: live });
const begin = (header: string, ...live: string[]) =>
  verifyStripe(settings(...(live.length > 0 ? live : [SECRET])), delivery({ "Stripe-Signature": header }));
const digest = (secret: string, body: string) => createHmac("sha256", secret).update(`${TIME}.${body}`).digest("hex");

describe("verifyStripe", () => {
  test("takes the whole whsec_ text as the key", () => {
    expect(verdict(begin(`t=${TIME},v1=${DIGEST}`), BODY)).toBe("accepted");
    expect(signStripe(settings(SECRET), Buffer.from(BODY), { now: NOW })).toEqual({
      "Stripe-Signature": `t=${TIME},v1=${DIGEST}`,
    });
  });

  test("accepts what Stripe's library signs, and the library what we sign", async () => {
    const { webhooks } = Stripe;
    const notEmpty = texts.filter((text) => text !== ""); // the library takes no empty body
    await fc.assert(
      fc.asyncProperty(notEmpty, secrets, cuts, async (text, secret, at) => {
        const theirs = await webhooks.generateTestHeaderStringAsync({ payload: text, secret, timestamp: TIME });
        expect(verdict(begin(theirs, secret), text, at)).toBe("accepted");
        const ours = signStripe(settings(secret), Buffer.from(text), { now: NOW })["Stripe-Signature"]!;
        expect(await webhooks.signature!.verifyHeaderAsync(text, ours, secret, 300, undefined, NOW)).toBe(true);
      }),
    );
  });

  test("gives the same verdict however the body is cut, for the right body and for another one", () => {
    fc.assert(
      fc.property(bodies, bodies, cuts, (body, other, at) => {
        const { "Stripe-Signature": header } = signStripe(settings(SECRET), body, { now: NOW });
        const same = Buffer.compare(body, other) === 0;
        expect(verdict(begin(header!), body, at)).toBe("accepted");
        expect(verdict(begin(header!), other, at)).toBe(same ? "accepted" : "wrong_signature");
      }),
    );
  });

  test("accepts any of several v1, by any of its secrets, and passes other schemes over", () => {
    const good = digest(SECRET, BODY);
    const old = digest("old", BODY);
    expect(verdict(begin(`t=${TIME},v1=${old},v1=${good}`), BODY)).toBe("accepted");
    expect(verdict(begin(`t=${TIME},v1=${good},v1=${old},v0=6ffbb59b2300aae63f27`), BODY)).toBe("accepted");
    expect(verdict(begin(`v1=${good},t=${TIME}`, "new", SECRET), BODY)).toBe("accepted");
    expect(verdict(begin(`t=${TIME},v1=${old}`), BODY)).toBe("wrong_signature");
    expect(verdict(begin(`t=${TIME},v0=${good},v1=${old}`), BODY)).toBe("wrong_signature");
  });

  test("covers the time as well as the body", () => {
    expect(verdict(begin(`t=${TIME + 1},v1=${DIGEST}`), BODY)).toBe("wrong_signature");
    expect(verdict(begin(`t=${TIME},v1=${DIGEST}`), `${BODY}\n`)).toBe("wrong_signature");
  });

  test("refuses a signature with any single bit changed", () => {
    for (const flipped of bitFlips(Buffer.from(DIGEST, "hex"))) {
      expect(verdict(begin(`t=${TIME},v1=${flipped.toString("hex")}`), BODY)).toBe("wrong_signature");
    }
  });

  test.each([
    ...spoiledHex(`t=${TIME},v1=`, DIGEST),
    ["no v1", `t=${TIME},v0=${DIGEST}`],
    ["two times", `t=${TIME},t=1,v1=${DIGEST}`],
    ["a space after the comma", `t=${TIME}, v1=${DIGEST}`],
    ["a comma at the end", `t=${TIME},v1=${DIGEST},`],
    ["semicolons", `t=${TIME};v1=${DIGEST}`],
    ["the bare signature", DIGEST],
  ])("refuses a header before it reads the body: %s", (_what, header) => {
    expect(byHeaders(begin(header))).toBe("malformed_signature");
  });

  test.each(TIMES.filter(([what]) => what !== "missing"))(
    "judges the time before it reads the body: %s",
    (_what, text, expected) => {
      expect(byHeaders(begin(`t=${text},v1=${DIGEST}`))).toBe(expected);
    },
  );

  test("refuses a delivery without header, without time, or a channel without secret", () => {
    expect(byHeaders(begin(""))).toBe("missing_signature");
    expect(byHeaders(begin(`v1=${DIGEST}`))).toBe("missing_timestamp");
    for (const live of [[], [""], [SECRET, ""]]) {
      const signed = delivery({ "Stripe-Signature": `t=${TIME},v1=${digest("", BODY)}` });
      expect(byHeaders(verifyStripe(settings(...live), signed))).toBe("channel_off");
    }
  });

  test("names the setting and Stripe's page in a refusal", () => {
    const refusal = outcome(begin(`t=${TIME},v1=${digest("sk_test", BODY)}`), BODY)!;
    expect(refusal.fix).toContain('"channels.stripe.secret"');
    expect(refusal.fix).toContain("stripe listen");
    expect(refusal.detail).toContain("HMAC-SHA256 over 42 bytes of body with 1 secret");
  });
});
