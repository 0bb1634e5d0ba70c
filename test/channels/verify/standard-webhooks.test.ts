import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import {
  signStandardWebhooks,
  standardWebhooksId,
  verifyStandardWebhooks,
} from "../../../src/channels/verify/standard-webhooks.ts";
import { signStandardWebhook } from "../../../src/lib/standard-webhooks.ts";
import {
  bitFlips,
  bodies,
  byHeaders,
  cuts,
  delivery,
  NOW,
  outcome,
  spoiledBase64,
  TIMES,
  texts,
  verdict,
} from "./deliveries.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY = '{"test": 2432232314}';
const DIGEST = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const settings = (...secrets: string[]) => ({ channel: "svix", secrets });
const one = settings(SECRET);
const headers = (signature: string, change: Record<string, string> = {}) => ({
  "webhook-id": ID,
  "webhook-timestamp": "1614265330",
  "webhook-signature": signature,
  ...change,
});
const begin = (signature: string, change: Record<string, string> = {}) =>
  verifyStandardWebhooks(one, delivery(headers(signature, change)));

describe("verifyStandardWebhooks", () => {
  test("accepts the specification's example, under the standard's names and Svix's, with the secret's prefix and without", () => {
    const svix = { "svix-id": ID, "svix-timestamp": "1614265330", "svix-signature": `v1,${DIGEST}` };
    for (const given of [headers(`v1,${DIGEST}`), svix]) {
      for (const secret of [SECRET, SECRET.slice("whsec_".length)]) {
        expect(verdict(verifyStandardWebhooks(settings(secret), delivery(given)), BODY)).toBe("accepted");
      }
    }
  });

  test("accepts the library's signature of any text, and the library ours", () => {
    const now = new Date(); // the library reads the clock itself
    fc.assert(
      fc.property(texts, fc.stringMatching(/^[\w-]{1,40}$/), cuts, (text, id, at) => {
        const library = new Webhook(SECRET);
        const seconds = String(Math.floor(now.getTime() / 1000));
        const theirs = {
          "webhook-id": id,
          "webhook-timestamp": seconds,
          "webhook-signature": library.sign(id, now, text),
        };
        const begun = verifyStandardWebhooks(one, delivery(theirs, { received_at: now.getTime() }));
        expect(verdict(begun, text, at)).toBe("accepted");
        const ours = signStandardWebhooks(one, Buffer.from(text), { id, now: now.getTime() });
        expect(() => library.verify(text, ours, { jsonParse: false })).not.toThrow();
      }),
    );
  });

  test("gives the same verdict however the body is cut, for the right body and for another one", () => {
    fc.assert(
      fc.property(bodies, bodies, cuts, (body, other, at) => {
        const given = delivery(signStandardWebhooks(one, body, { id: ID, now: NOW }));
        const same = Buffer.compare(body, other) === 0;
        expect(verdict(verifyStandardWebhooks(one, given), body, at)).toBe("accepted");
        expect(verdict(verifyStandardWebhooks(one, given), other, at)).toBe(same ? "accepted" : "wrong_signature");
      }),
    );
  });

  test("accepts a signature by any of its secrets, among several and among other versions", () => {
    const sign = (secret: string) => signStandardWebhook(secret, ID, 1614265330, Buffer.from(BODY));
    for (const list of [
      `${sign(OTHER)} ${sign(SECRET)}`,
      `${sign(SECRET)} ${sign(OTHER)}`,
      `v1a,bm90aGluZw== v2,${DIGEST} ${sign(SECRET)}`,
    ]) {
      expect(verdict(begin(list), BODY)).toBe("accepted");
    }
    expect(verdict(verifyStandardWebhooks(settings(OTHER, SECRET), delivery(headers(sign(SECRET)))), BODY)).toBe(
      "accepted",
    );
    expect(verdict(begin(sign(OTHER)), BODY)).toBe("wrong_signature");
  });

  test("takes no other version for v1", () => {
    for (const list of [
      `v2,${DIGEST}`,
      `v1a,${DIGEST}`,
      `v0,${DIGEST}`,
      `V1,${DIGEST}`,
      `,${DIGEST}`,
      DIGEST,
      `v1=${DIGEST}`,
    ]) {
      expect(byHeaders(begin(list))).toBe("malformed_signature");
    }
  });

  test("covers id and time as well as the body", () => {
    expect(verdict(begin(`v1,${DIGEST}`, { "webhook-id": "msg_other" }), BODY)).toBe("wrong_signature");
    expect(verdict(begin(`v1,${DIGEST}`, { "webhook-timestamp": "1614265331" }), BODY)).toBe("wrong_signature");
    expect(verdict(begin(`v1,${DIGEST}`), `${BODY} `)).toBe("wrong_signature");
    expect(verdict(begin(`v1,${DIGEST}`), "")).toBe("wrong_signature");
  });

  test("refuses a signature with any single bit changed", () => {
    for (const flipped of bitFlips(Buffer.from(DIGEST, "base64"))) {
      expect(verdict(begin(`v1,${flipped.toString("base64")}`), BODY)).toBe("wrong_signature");
    }
  });

  test.each(spoiledBase64("v1,", DIGEST))("refuses a signature before it reads the body: %s", (_what, value) => {
    expect(byHeaders(begin(value))).toBe("malformed_signature");
    expect(byHeaders(begin(`v1,${DIGEST} ${value}`))).toBe("malformed_signature");
  });

  test.each(TIMES)("judges the time before it reads the body: %s", (_what, text, expected) => {
    expect(byHeaders(begin(`v1,${DIGEST}`, { "webhook-timestamp": text }))).toBe(expected);
  });

  test("judges the time by when the delivery arrived, to the second, and by its own tolerance", () => {
    const at = (received_at: number, toleranceSeconds?: number) =>
      byHeaders(
        verifyStandardWebhooks({ ...one, toleranceSeconds }, delivery(headers(`v1,${DIGEST}`), { received_at })),
      );
    expect(at(NOW + 300_999)).toBe("reads the body");
    expect(at(NOW + 301_000)).toBe("stale_timestamp");
    expect(at(NOW - 300_000)).toBe("reads the body");
    expect(at(NOW - 300_001)).toBe("stale_timestamp");
    expect(at(NOW + 10_000, 10)).toBe("reads the body");
    expect(at(NOW + 11_000, 10)).toBe("stale_timestamp");
    expect(at(NOW + 3_600_000, 3600)).toBe("reads the body");
  });

  test.each(["a.b", ".", "a b", "ä", "msg_1, msg_1"])(
    "refuses the id %p, which would make the signed text ambiguous",
    (id) => {
      expect(byHeaders(begin(`v1,${DIGEST}`, { "webhook-id": id }))).toBe("malformed_signature");
    },
  );

  test("refuses a delivery without signature or id", () => {
    expect(byHeaders(begin(""))).toBe("missing_signature");
    expect(byHeaders(begin(`v1,${DIGEST}`, { "webhook-id": "" }))).toBe("missing_signature");
  });

  test("refuses everything when a secret is missing, empty or no key, and says why without quoting it", () => {
    for (const secrets of [[], [""], ["whsec_"], ["not base64!"], [SECRET, ""], [SECRET, "whsk_MfKQ"]]) {
      const begun = verifyStandardWebhooks(settings(...secrets), delivery(headers(`v1,${DIGEST}`)));
      expect(byHeaders(begun)).toBe("channel_off");
      expect(JSON.stringify(begun)).not.toContain("not base64!");
    }
    expect(outcome(verifyStandardWebhooks(settings("a b"), delivery({})), "")?.detail).toContain(
      '"channels.svix.secret" is no key: it is not base64',
    );
  });
});

describe("standardWebhooksId", () => {
  test("is the id that the signature covers, not one put beside it", () => {
    const svix = { "svix-id": "signed", "svix-timestamp": "1614265330" };
    const body = Buffer.from("{}");
    const signature = signStandardWebhook(SECRET, "signed", 1614265330, body);
    const forged = delivery({ ...svix, "svix-signature": signature, "webhook-id": "fresh" });
    expect(verdict(verifyStandardWebhooks(one, forged), body)).toBe("accepted");
    expect(standardWebhooksId(forged.headers)).toBe("signed");
    expect(standardWebhooksId(new Headers(headers("v1,")))).toBe(ID);
    expect(standardWebhooksId(new Headers())).toBeNull();
  });
});
