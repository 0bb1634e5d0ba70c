import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Delivery, Verifier } from "../../../src/channels/channel.ts";
import { signBasic, verifyBasic } from "../../../src/channels/verify/basic.ts";
import { signBearer, verifyBearer } from "../../../src/channels/verify/bearer.ts";
import { secretPath, signPath, verifyPath } from "../../../src/channels/verify/path.ts";
import type { SecretSettings } from "../../../src/channels/verify/secret-settings.ts";
import { signTelegram, verifyTelegram } from "../../../src/channels/verify/telegram.ts";
import type { Refusal } from "../../../src/protocol/refusal.ts";
import { byHeaders, delivery, outcome, verdict } from "./deliveries.ts";

const HEADER = "X-Telegram-Bot-Api-Secret-Token";
const gitlab = { channel: "gitlab", secrets: ["s3cret"], header: "X-Gitlab-Token" };
const basic = (value: string) => delivery({ Authorization: `Basic ${Buffer.from(value).toString("base64")}` });

/** Percent-encoding is the router's to undo. */
function sent(headers: Record<string, string>, path: string | null): Delivery {
  return delivery(headers, { pathSecret: path === null ? null : decodeURIComponent(path.slice(1)) });
}

interface Scheme {
  readonly name: string;
  readonly verify: (settings: SecretSettings, delivery: Delivery) => Verifier | Refusal;
  readonly sign: (settings: SecretSettings) => Delivery;
  readonly secrets: fc.Arbitrary<string>;
}

const visible = fc.stringMatching(/^[!-~]{1,40}$/);
const unicode = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => text.trim() !== "");

const SCHEMES: readonly Scheme[] = [
  {
    name: "telegram",
    verify: verifyTelegram,
    sign: (settings) => sent(signTelegram(settings), null),
    secrets: fc.stringMatching(/^[A-Za-z0-9_-]{1,256}$/),
  },
  { name: "bearer", verify: verifyBearer, sign: (settings) => sent(signBearer(settings), null), secrets: visible },
  {
    name: "bearer in a header of its own",
    verify: (settings, given) => verifyBearer({ ...settings, header: "X-Gitlab-Token" }, given),
    sign: (settings) => sent(signBearer({ ...settings, header: "X-Gitlab-Token" }), null),
    secrets: visible,
  },
  { name: "basic", verify: verifyBasic, sign: (settings) => sent(signBasic(settings), null), secrets: unicode },
  {
    name: "path",
    verify: verifyPath,
    sign: (settings) => sent(signPath(settings), secretPath(settings)),
    secrets: unicode.map((text) => text.toWellFormed()),
  },
];

describe.each(SCHEMES)("$name", ({ verify, sign, secrets }) => {
  test("accepts any of its secrets, wherever it stands, and no other", () => {
    fc.assert(
      fc.property(secrets, secrets, secrets, (right, other, third) => {
        const given = sign({ channel: "x", secrets: [right] });
        const verdictOf = (...live: string[]) => verdict(verify({ channel: "x", secrets: live }, given), "any body");
        expect(verdictOf(right)).toBe("accepted");
        expect(verdictOf(other, right)).toBe("accepted");
        expect(verdictOf(right, other)).toBe("accepted");
        const known = [other, third].includes(right);
        expect(verdictOf(other, third)).toBe(known ? "accepted" : "wrong_signature");
      }),
    );
  });

  test("refuses before the body is read: nothing given, a piece of the secret, and more than it", () => {
    const settings = { channel: "x", secrets: ["s3cret", "old"] };
    expect(byHeaders(verify(settings, delivery({})))).toBe("missing_signature");
    for (const secret of ["s3cre", "3cret", "s3cret1", "S3CRET", "s3cretold", "s"]) {
      expect(byHeaders(verify(settings, sign({ channel: "x", secrets: [secret] })))).toBe("wrong_signature");
    }
  });

  test("refuses everything when there is no secret or a blank one, also beside a good one", () => {
    const good = sign({ channel: "x", secrets: ["s"] });
    for (const live of [[], [""], [" "], ["s", ""]]) {
      expect(byHeaders(verify({ channel: "x", secrets: live }, good))).toBe("channel_off");
      expect(byHeaders(verify({ channel: "x", secrets: live }, delivery({}, { pathSecret: "" })))).toBe("channel_off");
    }
    expect(() => sign({ channel: "x", secrets: [] })).toThrow('"channels.x.secret" is not set');
  });

  test("names the setting in its refusals, and never a secret, neither the right one nor the given", () => {
    const refusal = outcome(
      verify({ channel: "x", secrets: ["right"] }, sign({ channel: "x", secrets: ["gi-ven"] })),
      "",
    )!;
    expect(refusal.fix).toContain('"channels.x.secret"');
    expect(JSON.stringify(refusal)).not.toContain("gi-ven");
    expect(`${refusal.detail}${refusal.fix.replaceAll("the secret", "")}`).not.toMatch(/\bright\b/);
  });
});

describe("verifyTelegram", () => {
  test.each([
    ["a space", "a b"],
    ["a dot", "a.b"],
    ["a letter of another script", "\u00e4"],
    ["twice, as one header", "s3cret, s3cret"],
    ["257 characters", "a".repeat(257)],
  ])("refuses what Telegram does not send: %s", (_what, value) => {
    const begun = verifyTelegram({ channel: "telegram", secrets: ["s3cret", value] }, delivery({ [HEADER]: value }));
    expect(byHeaders(begun)).toBe("malformed_signature");
  });
});

describe("verifyBearer", () => {
  test("takes the scheme's name in any case, and one secret only", () => {
    const settings = { channel: "x", secrets: ["s3cret"] };
    const given = (value: string) => byHeaders(verifyBearer(settings, delivery({ Authorization: value })));
    for (const value of ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret"])
      expect(given(value)).toBe("reads the body");
    for (const value of ["Bearer", "Bearers3cret", "Basic s3cret", "s3cret", "Token s3cret"]) {
      expect(given(value)).toBe("malformed_signature");
    }
    for (const value of ["Bearer s3cret, Bearer s3cret", "Bearer s3cret s3cret", "Bearer s3cret,"]) {
      expect(given(value)).toBe("wrong_signature");
    }
  });

  test("takes the bare secret from a header of its own, and from no other", () => {
    const given = (headers: Record<string, string>) => byHeaders(verifyBearer(gitlab, delivery(headers)));
    expect(given({ "x-gitlab-token": "s3cret" })).toBe("reads the body");
    expect(given({ "X-Gitlab-Token": "Bearer s3cret" })).toBe("wrong_signature");
    expect(given({ "X-Gitlab-Token": "s3cret, s3cret" })).toBe("wrong_signature");
    expect(given({ Authorization: "Bearer s3cret" })).toBe("missing_signature");
  });

  test("compares a secret beyond ASCII by its UTF-8 bytes, as they come over the wire", () => {
    const settings = { channel: "x", secrets: ["gehe\u00efm\u20ac"] };
    const wire = Buffer.from("gehe\u00efm\u20ac").toString("latin1");
    expect(byHeaders(verifyBearer(settings, delivery({ Authorization: `Bearer ${wire}` })))).toBe("reads the body");
    expect(signBearer(settings)).toEqual({ Authorization: `Bearer ${wire}` });
  });
});

describe("verifyBasic", () => {
  test("takes any user name unless one is set", () => {
    const any = { channel: "x", secrets: ["p:w"] };
    for (const user of ["", "ada", "grüße"])
      expect(byHeaders(verifyBasic(any, basic(`${user}:p:w`)))).toBe("reads the body");
    const ada = { ...any, username: "ada" };
    expect(byHeaders(verifyBasic(ada, basic("ada:p:w")))).toBe("reads the body");
    for (const pair of ["Ada:p:w", ":p:w", "ada:x", "bob:x", "ada:p", "adap:w"]) {
      expect(byHeaders(verifyBasic(ada, basic(pair)))).toBe("wrong_signature");
    }
  });

  test("does not tell which of the two was wrong", () => {
    const settings = { channel: "x", secrets: ["p"], username: "ada" };
    const refusals = ["bob:p", "ada:x", "bob:x"].map((pair) => outcome(verifyBasic(settings, basic(pair)), ""));
    expect(refusals[1]).toEqual(refusals[0]!);
    expect(refusals[2]).toEqual(refusals[0]!);
  });

  test.each([
    ["no base64", "Basic ada:p"],
    ["no colon", "Basic YWRh"],
    ["without padding", "Basic YWRhOnB3ZA"],
    ["base64url", "Basic YTo_Pz8_"],
    ["another scheme", "Bearer YWRhOnA="],
    ["twice, as one header", "Basic YWRhOnA=, Basic YWRhOnA="],
    ["nothing after it", "Basic"],
  ])("refuses what is no Basic authentication: %s", (_what, value) => {
    const begun = verifyBasic({ channel: "x", secrets: ["p"] }, delivery({ Authorization: value }));
    expect(byHeaders(begun)).toBe("malformed_signature");
  });
});

describe("secretPath", () => {
  test("escapes what would be read as more path or as a query", () => {
    expect(secretPath({ channel: "x", secrets: ["a/b?c#d%"] })).toBe("/a%2Fb%3Fc%23d%25");
  });
});
