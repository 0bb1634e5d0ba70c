import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { signSlack, verifySlack } from "../../../src/channels/verify/slack.ts";
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
  verdict,
} from "./deliveries.ts";

// https://docs.slack.dev/authentication/verifying-requests-from-slack
const SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
const BODY =
  "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&" +
  "user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2F" +
  "commands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
const DIGEST = "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
const EXAMPLE = { "X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": `v0=${DIGEST}` };
const THEN = 1_531_420_618_000;

const settings = (...live: string[]) => ({ channel: "slack", secrets: live });
const begin = (change: Record<string, string>, received_at = THEN) =>
  verifySlack(settings(SECRET), delivery({ ...EXAMPLE, ...change }, { received_at }));

describe("verifySlack", () => {
  test("accepts Slack's published example, and signs it the same", () => {
    expect(verdict(begin({}), BODY)).toBe("accepted");
    expect(signSlack(settings(SECRET), Buffer.from(BODY), { now: THEN })).toEqual(EXAMPLE);
  });

  test("verifies v0:time:body with any secret, however the body is cut, and refuses another body", () => {
    fc.assert(
      fc.property(bodies, bodies, secrets, cuts, (body, other, secret, at) => {
        const hex = createHmac("sha256", secret)
          .update(`v0:${NOW / 1000}:`)
          .update(body)
          .digest("hex");
        const theirs = { "X-Slack-Request-Timestamp": String(NOW / 1000), "X-Slack-Signature": `v0=${hex}` };
        expect(signSlack(settings(secret), body, { now: NOW })).toEqual(theirs);
        const begun = () => verifySlack(settings("other", secret), delivery(theirs));
        const same = Buffer.compare(body, other) === 0;
        expect(verdict(begun(), body, at)).toBe("accepted");
        expect(verdict(begun(), other, at)).toBe(same ? "accepted" : "wrong_signature");
      }),
    );
  });

  test("covers the time as well as the body", () => {
    expect(verdict(begin({ "X-Slack-Request-Timestamp": "1531420619" }), BODY)).toBe("wrong_signature");
    // Time and body told apart at another place.
    const moved = createHmac("sha256", SECRET).update("v0:1531420618:1:x").digest("hex");
    expect(verdict(begin({ "X-Slack-Signature": `v0=${moved}` }), "1:x")).toBe("accepted");
    expect(byHeaders(begin({ "X-Slack-Signature": `v0=${moved}`, "X-Slack-Request-Timestamp": "1531420618:1" }))).toBe(
      "malformed_signature",
    );
  });

  test("refuses a signature with any single bit changed", () => {
    for (const flipped of bitFlips(Buffer.from(DIGEST, "hex"))) {
      expect(verdict(begin({ "X-Slack-Signature": `v0=${flipped.toString("hex")}` }), BODY)).toBe("wrong_signature");
    }
  });

  test.each([...spoiledHex("v0=", DIGEST), ["version 1", `v1=${DIGEST}`]])(
    "refuses a signature before it reads the body: %s",
    (_what, value) => {
      expect(byHeaders(begin({ "X-Slack-Signature": value }))).toBe("malformed_signature");
    },
  );

  test.each(TIMES)("judges the time before it reads the body: %s", (_what, text, expected) => {
    expect(byHeaders(begin({ "X-Slack-Request-Timestamp": text }, NOW))).toBe(expected);
  });

  test("refuses a delivery without a signature, and everything without a secret", () => {
    expect(byHeaders(begin({ "X-Slack-Signature": "" }))).toBe("missing_signature");
    for (const live of [[], [""], ["s", ""]]) {
      expect(byHeaders(verifySlack(settings(...live), delivery(EXAMPLE, { received_at: THEN })))).toBe("channel_off");
    }
  });

  test("says how late a delivery is and which secret Slack means", () => {
    expect(outcome(begin({}, THEN + 3_601_000), BODY)?.detail).toContain(
      "3,601 seconds in the past; at most 300 seconds",
    );
    expect(outcome(begin({}, THEN - 301_000), BODY)?.detail).toContain("301 seconds in the future");
    expect(outcome(begin({}), "x")?.fix).toContain("Signing Secret");
  });
});
