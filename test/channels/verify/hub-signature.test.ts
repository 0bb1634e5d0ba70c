import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import examples from "@octokit/webhooks-examples";
import { sign, verify } from "@octokit/webhooks-methods";
import fc from "fast-check";
import { signHubSignature, verifyHubSignature } from "../../../src/channels/verify/hub-signature.ts";
import {
  bitFlips,
  bodies,
  byHeaders,
  cuts,
  delivery,
  outcome,
  secrets,
  spoiledHex,
  texts,
  verdict,
} from "./deliveries.ts";

const HEADER = "X-Hub-Signature-256";
const github = (...live: string[]) => ({ channel: "github", secrets: live, escapedUnicode: false });
const whatsapp = (...live: string[]) => ({ channel: "whatsapp", secrets: live, escapedUnicode: true });
const signed = (digest: string) => delivery({ [HEADER]: `sha256=${digest}` });

describe("verifyHubSignature", () => {
  test.each([
    // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    ["It's a Secret to Everybody", "Hello, World!", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"],
    ["mysecret", '{"foo":"bar"}', "4864d2759938a15468b5df9ade20bf161da9b4f737ea61794142f3484236bda3"],
  ])("accepts GitHub's published example with the secret %p", (secret, body, digest) => {
    expect(verdict(verifyHubSignature(github(secret), signed(digest)), body)).toBe("accepted");
    expect(signHubSignature(github(secret), Buffer.from(body))).toEqual({ [HEADER]: `sha256=${digest}` });
  });

  test("accepts WhatsApp's signature over the bytes, and over the escaped form of the same text", () => {
    const escaped = "785f6e78903e8ec5b8ab9da4816556910751009dd97804d6a93bda36047b785f";
    const raw = "92317be3b6bd269d537c14c4d2a1469a4db2c7b06f6640228d564e51b9e5f1e1";
    const settings = whatsapp("app-secret-for-tests");
    expect(verdict(verifyHubSignature(settings, signed(escaped)), String.raw`{"text":"\u00e4\u00f6\u00e5"}`)).toBe(
      "accepted",
    );
    expect(verdict(verifyHubSignature(settings, signed(escaped)), '{"text":"äöå"}')).toBe("accepted");
    expect(verdict(verifyHubSignature(settings, signed(raw)), '{"text":"äöå"}')).toBe("accepted");
    expect(verdict(verifyHubSignature(settings, signed(raw)), String.raw`{"text":"\u00e4\u00f6\u00e5"}`)).toBe(
      "wrong_signature",
    );
  });

  test("never takes the escaped form for GitHub", () => {
    const escaped = "785f6e78903e8ec5b8ab9da4816556910751009dd97804d6a93bda36047b785f";
    const begun = verifyHubSignature(github("app-secret-for-tests"), signed(escaped));
    expect(verdict(begun, '{"text":"äöå"}')).toBe("wrong_signature");
  });

  test("escapes whatever is not ASCII in lower case, also where a character spans two of its windows", () => {
    const characters = fc.constantFrom("a", '"', "\u007f", "ä", "я", "€", "😀", "\ufeff", "\u2028");
    const long = fc.tuple(fc.nat(9), characters).map(([shift, filler]) => "x".repeat(shift) + filler.repeat(12_000));
    fc.assert(
      fc.property(fc.oneof(texts, long), secrets, cuts, (text, secret, at) => {
        const escaped = text.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
        const digest = createHmac("sha256", secret).update(escaped).digest("hex");
        expect(verdict(verifyHubSignature(whatsapp("other", secret), signed(digest)), text, at)).toBe("accepted");
      }),
      { numRuns: 60 },
    );
  });

  test("refuses a body that is not UTF-8 unless its bytes are signed", () => {
    const body = Buffer.from([0x7b, 0xff, 0x7d, 0xc3]);
    const digest = (bytes: Uint8Array) => createHmac("sha256", "s").update(bytes).digest("hex");
    expect(verdict(verifyHubSignature(whatsapp("s"), signed(digest(body))), body)).toBe("accepted");
    // What a decoder that replaces or drops broken bytes would have hashed.
    for (const other of [String.raw`{\ufffd}\ufffd`, "{}", "", "{"]) {
      expect(verdict(verifyHubSignature(whatsapp("s"), signed(digest(Buffer.from(other)))), body)).toBe(
        "wrong_signature",
      );
    }
  });

  test("keeps a byte order mark in the escaped form, and drops no broken end", () => {
    const settings = whatsapp("s");
    const digest = (text: string) => createHmac("sha256", "s").update(text).digest("hex");
    expect(verdict(verifyHubSignature(settings, signed(digest(String.raw`\ufeff{}`))), "\ufeff{}")).toBe("accepted");
    expect(verdict(verifyHubSignature(settings, signed(digest("{}"))), "\ufeff{}")).toBe("wrong_signature");
    for (const end of [[0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98]]) {
      const body = Buffer.concat([Buffer.from("{}"), Buffer.from(end)]);
      expect(verdict(verifyHubSignature(settings, signed(digest("{}"))), body)).toBe("wrong_signature");
    }
  });

  test("agrees with @octokit/webhooks-methods in both directions", async () => {
    await fc.assert(
      fc.asyncProperty(
        texts.filter((text) => text !== ""),
        secrets,
        cuts,
        async (text, secret, at) => {
          const theirs = delivery({ [HEADER]: await sign(secret, text) });
          expect(verdict(verifyHubSignature(github(secret), theirs), text, at)).toBe("accepted");
          const ours = signHubSignature(github(secret), Buffer.from(text))[HEADER]!;
          expect(await verify(secret, text, ours)).toBe(true);
        },
      ),
    );
  });

  test("accepts every example payload of GitHub's as @octokit/webhooks-methods signs it", async () => {
    const payloads = examples.flatMap((event) => event.examples.map((example) => JSON.stringify(example)));
    expect(payloads.length).toBeGreaterThan(300);
    for (const payload of payloads) {
      const header = delivery({ [HEADER]: await sign("s", payload) });
      expect(verdict(verifyHubSignature(github("s"), header), payload, [7, 4096])).toBe("accepted");
    }
  });

  test("gives the same verdict however the body is cut, for the right body and for another one", () => {
    fc.assert(
      fc.property(bodies, bodies, cuts, (body, other, at) => {
        const header = delivery(signHubSignature(github("s"), body));
        const same = Buffer.compare(body, other) === 0;
        expect(verdict(verifyHubSignature(github("s"), header), body, at)).toBe("accepted");
        expect(verdict(verifyHubSignature(github("s"), header), other, at)).toBe(same ? "accepted" : "wrong_signature");
      }),
    );
  });

  test("accepts what any of several secrets signed, wherever it stands, and nothing else", () => {
    const body = Buffer.from("{}");
    const header = delivery(signHubSignature(github("right"), body));
    expect(verdict(verifyHubSignature(github("right", "old"), header), body)).toBe("accepted");
    expect(verdict(verifyHubSignature(github("old", "right"), header), body)).toBe("accepted");
    expect(verdict(verifyHubSignature(github("old", "older"), header), body)).toBe("wrong_signature");
  });

  test("refuses a signature with any single bit changed", () => {
    const digest = createHmac("sha256", "s").update("{}").digest();
    for (const flipped of bitFlips(digest)) {
      expect(verdict(verifyHubSignature(github("s"), signed(flipped.toString("hex"))), "{}")).toBe("wrong_signature");
    }
  });

  test.each(spoiledHex("sha256=", createHmac("sha256", "s").update("{}").digest("hex")))(
    "refuses a signature before it reads the body: %s",
    (_what, value) => {
      expect(byHeaders(verifyHubSignature(github("s"), delivery({ [HEADER]: value })))).toBe("malformed_signature");
    },
  );

  test("refuses a delivery without the header, with an empty one, or with SHA-1 alone", () => {
    const sha1 = createHmac("sha1", "s").update("{}").digest("hex");
    for (const headers of [{}, { [HEADER]: "" }, { "X-Hub-Signature": `sha1=${sha1}` }]) {
      expect(byHeaders(verifyHubSignature(github("s"), delivery(headers)))).toBe("missing_signature");
    }
  });

  test("refuses everything when there is no secret or a blank one, also beside a good one", () => {
    const empty = createHmac("sha256", "").update("{}").digest("hex");
    const plain = new Bun.CryptoHasher("sha256").update("{}").digest("hex");
    for (const settings of [github(), github(""), github(" \n"), github("s", ""), whatsapp()]) {
      for (const digest of [empty, plain]) {
        expect(byHeaders(verifyHubSignature(settings, signed(digest)))).toBe("channel_off");
      }
    }
    expect(() => signHubSignature(github(), Buffer.from("{}"))).toThrow('"channels.github.secret" is not set');
  });
});

describe("verifyHubSignature's refusals", () => {
  const digest = (secret: string, body: string) => createHmac("sha256", secret).update(body).digest("hex");

  test("say what was compared, and never what would have been right", () => {
    const body = "x".repeat(1234);
    const refusal = outcome(verifyHubSignature(github("new", "old"), signed(digest("other", body))), body)!;
    expect(refusal.detail).toContain("HMAC-SHA256 over 1,234 bytes of body with 2 secrets");
    expect(refusal.fix).toContain('"channels.github.secrets"');
    for (const secret of ["new", "old"]) expect(JSON.stringify(refusal)).not.toContain(digest(secret, body));
  });

  test("name WhatsApp's own setting and the usual mistake", () => {
    const refusal = outcome(verifyHubSignature(whatsapp("verify-token"), signed(digest("app-secret", "{}"))), "{}")!;
    expect(refusal.fix).toContain('"channels.whatsapp.app_secret"');
    expect(refusal.fix).toContain("not the verify token");
    expect(byHeaders(verifyHubSignature(whatsapp(), delivery({})))).toBe("channel_off");
    expect(outcome(verifyHubSignature(whatsapp(), delivery({})), "")?.detail).toContain(
      '"channels.whatsapp.app_secret" is not set',
    );
  });

  test("tell that only white space is wrong, to whoever knows the rest", () => {
    const settings = github("secret\n");
    const near = outcome(verifyHubSignature(settings, signed(digest("secret", "{}"))), "{}")!;
    expect(near).toMatchObject({ reason: "wrong_signature", fix: expect.stringContaining("white space around it") });
    const far = outcome(verifyHubSignature(settings, signed(digest("guess", "{}"))), "{}")!;
    expect(far.fix).not.toContain("white space");
    expect(verdict(verifyHubSignature(settings, signed(digest("secret\n", "{}"))), "{}")).toBe("accepted");
  });

  test("do not repeat what was given", () => {
    const refusal = outcome(verifyHubSignature(github("s"), delivery({ [HEADER]: "my-secret" })), "{}")!;
    expect(JSON.stringify(refusal)).not.toContain("my-secret");
  });
});
