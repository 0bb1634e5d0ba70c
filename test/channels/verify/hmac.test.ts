import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { type HmacSettings, signHmac, verifyHmac } from "../../../src/channels/verify/hmac.ts";
import {
  bitFlips,
  bodies,
  byHeaders,
  cuts,
  delivery,
  NOW,
  outcome,
  secrets,
  spoiledBase64,
  spoiledHex,
  TIMES,
  verdict,
} from "./deliveries.ts";

const HEADER = "X-Signature-256";
const plain: HmacSettings = { channel: "gitea", secrets: ["s"] };
const standard: HmacSettings = {
  ...plain,
  signed: "{id}.{timestamp}.{body}",
  timestampHeader: "X-Time",
  idHeader: "X-Id",
};
const hex = (body: string, algorithm = "sha256", secret = "s") =>
  createHmac(algorithm, secret).update(body).digest("hex");

describe("verifyHmac", () => {
  test("accepts test case 2 of RFC 4231 for each of its hashes, and of RFC 2202 for SHA-1", () => {
    const body = "what do ya want for nothing?";
    for (const [algorithm, digest] of [
      ["sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"],
      ["sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
      [
        "sha512",
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
      ],
    ] as const) {
      const settings: HmacSettings = { channel: "rfc", secrets: ["Jefe"], algorithm };
      expect(verdict(verifyHmac(settings, delivery({ [HEADER]: digest })), body)).toBe("accepted");
      expect(verdict(verifyHmac(settings, delivery({ [HEADER]: digest.toUpperCase() })), body)).toBe("accepted");
      expect(signHmac(settings, Buffer.from(body), { id: "1", now: NOW })).toEqual({ [HEADER]: digest });
    }
  });

  test("verifies by any mix of its settings, however the body is cut, and refuses another body", () => {
    const mixes = fc.record({
      algorithm: fc.constantFrom("sha1", "sha256", "sha512"),
      encoding: fc.constantFrom("hex", "base64"),
      prefix: fc.constantFrom("", "sha256=", "v1,", "HMAC "),
      signed: fc.constantFrom(
        "{body}",
        "{timestamp}.{body}",
        "v0:{timestamp}:{body}",
        "{id}.{timestamp}.{body}",
        "{body}{timestamp}",
        "<{id}|{body}|{id}>",
      ),
    });
    fc.assert(
      fc.property(mixes, bodies, bodies, secrets, cuts, (mix, body, other, secret, at) => {
        const settings = { ...standard, ...mix, secrets: [secret, "other"] } as HmacSettings; // the mixes are its literals
        const [before, after] = mix.signed
          .replaceAll("{id}", "ab-1")
          .replaceAll("{timestamp}", "1614265330")
          .split("{body}");
        const digest = createHmac(mix.algorithm, secret).update(before!).update(body).update(after!);
        const theirs = {
          [HEADER]: mix.prefix + digest.digest(mix.encoding as "hex"),
          "X-Time": "1614265330",
          "X-Id": "ab-1",
        }; // "base64" too
        expect(signHmac(settings, body, { id: "ab-1", now: NOW })).toEqual(theirs);
        const same = Buffer.compare(body, other) === 0;
        expect(verdict(verifyHmac(settings, delivery(theirs)), body, at)).toBe("accepted");
        expect(verdict(verifyHmac(settings, delivery(theirs)), other, at)).toBe(same ? "accepted" : "wrong_signature");
      }),
    );
  });

  test("speaks Shopify's form", () => {
    const shopify: HmacSettings = { ...plain, header: "X-Shopify-Hmac-SHA256", encoding: "base64" };
    const value = createHmac("sha256", "s").update("{}").digest("base64");
    expect(verdict(verifyHmac(shopify, delivery({ "X-Shopify-Hmac-SHA256": value })), "{}")).toBe("accepted");
    expect(byHeaders(verifyHmac(shopify, delivery({ "X-Shopify-Hmac-SHA256": hex("{}") })))).toBe(
      "malformed_signature",
    );
  });

  test("covers the id and the time that are signed", () => {
    const given = signHmac(standard, Buffer.from("{}"), { id: "a", now: NOW });
    const changed = (change: Record<string, string>) =>
      verdict(verifyHmac(standard, delivery({ ...given, ...change })), "{}");
    expect(changed({})).toBe("accepted");
    expect(changed({ "X-Id": "b" })).toBe("wrong_signature");
    expect(changed({ "X-Time": "1614265331" })).toBe("wrong_signature");
    expect(changed({ "X-Id": "" })).toBe("missing_signature");
  });

  test("refuses an id that could be read as another id and another body", () => {
    const settings: HmacSettings = { ...standard, signed: "{id}.{body}" };
    const given = signHmac(settings, Buffer.from('{"price":1.5}'), { id: "a", now: NOW });
    const moved = verifyHmac(settings, delivery({ ...given, "X-Id": 'a.{"price":1' }));
    expect(verdict(moved, "5}")).toBe("malformed_signature");
    for (const id of ["a b", "ä", "a, a", "a.b"]) {
      expect(byHeaders(verifyHmac(settings, delivery({ ...given, "X-Id": id })))).toBe("malformed_signature");
    }
  });

  test("does not fill what an id or a body brings along", () => {
    const settings: HmacSettings = { ...standard, signed: "{id}|{timestamp}|{body}" };
    const given = signHmac(settings, Buffer.from("{timestamp}"), { id: "{timestamp}{body}$&", now: NOW });
    expect(given[HEADER]).toBe(hex("{timestamp}{body}$&|1614265330|{timestamp}"));
    expect(verdict(verifyHmac(settings, delivery(given)), "{timestamp}")).toBe("accepted");
  });

  test.each(TIMES)("judges the time before it reads the body, signed or not: %s", (_what, text, expected) => {
    for (const signed of ["{timestamp}.{body}", "{body}"]) {
      const settings: HmacSettings = { ...standard, signed };
      expect(byHeaders(verifyHmac(settings, delivery({ [HEADER]: hex(""), "X-Time": text })))).toBe(expected);
    }
  });

  test("judges the time by the channel's own tolerance", () => {
    const settings: HmacSettings = { ...standard, signed: "{timestamp}{body}", toleranceSeconds: 10 };
    const at = (seconds: number) =>
      byHeaders(verifyHmac(settings, delivery({ [HEADER]: hex(""), "X-Time": String(NOW / 1000 + seconds) })));
    expect([at(-11), at(-10), at(10), at(11)]).toEqual([
      "stale_timestamp",
      "reads the body",
      "reads the body",
      "stale_timestamp",
    ]);
  });

  test("refuses a signature with any single bit changed", () => {
    for (const flipped of bitFlips(createHmac("sha256", "s").update("{}").digest())) {
      expect(verdict(verifyHmac(plain, delivery({ [HEADER]: flipped.toString("hex") })), "{}")).toBe("wrong_signature");
    }
  });

  test.each([
    ...spoiledHex("", hex("{}")).filter(([what]) => what !== "upper case"),
    ["the hex of another hash", hex("{}", "sha1")],
    ["a prefix that is not set", `sha256=${hex("{}")}`],
  ])("refuses hex before it reads the body: %s", (_what, value) => {
    expect(byHeaders(verifyHmac(plain, delivery({ [HEADER]: value })))).toBe("malformed_signature");
  });

  test.each(spoiledBase64("v1=", createHmac("sha256", "s").update("{}").digest("base64")))(
    "refuses base64 before it reads the body: %s",
    (_what, value) => {
      const settings: HmacSettings = { ...plain, encoding: "base64", prefix: "v1=" };
      expect(byHeaders(verifyHmac(settings, delivery({ [HEADER]: value })))).toBe("malformed_signature");
    },
  );

  test("requires its prefix to the letter", () => {
    const settings: HmacSettings = { ...plain, prefix: "sha256=" };
    for (const value of [hex("{}"), `SHA256=${hex("{}")}`, `sha1=${hex("{}")}`, "sha256="]) {
      expect(byHeaders(verifyHmac(settings, delivery({ [HEADER]: value })))).toBe("malformed_signature");
    }
  });

  test("refuses a delivery without a signature, and everything without a secret", () => {
    expect(byHeaders(verifyHmac(plain, delivery({})))).toBe("missing_signature");
    for (const live of [[], [""], ["s", ""]]) {
      const begun = verifyHmac({ ...plain, secrets: live }, delivery({ [HEADER]: hex("{}", "sha256", "") }));
      expect(byHeaders(begun)).toBe("channel_off");
    }
  });

  test.each([
    ["without a body", { signed: "{timestamp}" }, '"channels.gitea.signed" must have {body} in it once'],
    ["with two bodies", { signed: "{body}{body}" }, '"channels.gitea.signed" must have {body} in it once'],
    [
      "with a time from nowhere",
      { timestampHeader: undefined },
      '"channels.gitea.signed" has {timestamp} but no header holds it',
    ],
    ["with an id from nowhere", { idHeader: undefined }, '"channels.gitea.signed" has {id} but no header holds it'],
  ])("refuses everything when what is signed is set up %s", (_what, change, found) => {
    const begun = verifyHmac({ ...standard, ...change }, delivery({ [HEADER]: hex("") }));
    expect(byHeaders(begun)).toBe("channel_off");
    expect(outcome(begun, "")?.detail).toContain(found);
    expect(() => signHmac({ ...standard, ...change }, Buffer.from(""), { id: "1", now: NOW })).toThrow(found);
  });

  test("says which form was wanted and which settings to compare", () => {
    const settings: HmacSettings = { ...plain, algorithm: "sha1", prefix: "sha1=" };
    expect(outcome(verifyHmac(settings, delivery({ [HEADER]: "x" })), "")?.detail).toContain(
      '"sha1=" and 40 hex digits, once',
    );
    const wrong = outcome(verifyHmac(settings, delivery({ [HEADER]: `sha1=${hex("x", "sha1")}` })), "y")!;
    expect(wrong.detail).toContain("HMAC-SHA1 over 1 byte of body with 1 secret");
    expect(wrong.fix).toContain('"channels.gitea.signed"');
  });
});
