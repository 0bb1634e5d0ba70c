import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Credential, credentialOf, pairFirst, pairingCodeOf, tokenOf } from "../../src/auth/bearer.ts";

const TOKEN = `zc_${"0123456789abcdef".repeat(4)}`;
const of = (headers: Record<string, string>): Credential => tokenOf(new Headers(headers));
const token = (text: string): Credential => ({ kind: "token", token: text });

describe("tokenOf", () => {
  test("is none without a credential", () => {
    expect(of({ host: "localhost" })).toEqual({ kind: "none" });
    expect(of({ "sec-websocket-protocol": "zeroclaw.v1, other" })).toEqual({ kind: "none" });
  });

  test("reads Authorization: Bearer in any case of the scheme", () => {
    for (const scheme of ["Bearer", "bearer", "BEARER"]) {
      expect(of({ authorization: `${scheme} ${TOKEN}` })).toEqual(token(TOKEN));
    }
    expect(of({ authorization: `Bearer    ${TOKEN} ` })).toEqual(token(TOKEN));
  });

  test("reads the subprotocol bearer.<token> at any place of the list", () => {
    expect(of({ "sec-websocket-protocol": `zeroclaw.v1, bearer.${TOKEN}` })).toEqual(token(TOKEN));
    expect(of({ "sec-websocket-protocol": `bearer.${TOKEN},zeroclaw.v1` })).toEqual(token(TOKEN));
    expect(of({ "sec-websocket-protocol": `bearer.${TOKEN}, bearer.${TOKEN}` })).toEqual(token(TOKEN));
  });

  test("prefers Authorization", () => {
    expect(of({ authorization: `Bearer ${TOKEN}`, "sec-websocket-protocol": "bearer.other" })).toEqual(token(TOKEN));
  });

  test("refuses what is not exactly one token, and says what to send", () => {
    const refused = [
      ["Bearer", "empty"],
      ["Bearer ", "empty"],
      ["Bearer a b", "characters that no token has"],
      [`Bearer ${TOKEN}, Bearer ${TOKEN}`, "characters that no token has"],
      ["Bearer caf\u00e9", "characters that no token has"],
      [`Bearer ${"a".repeat(257)}`, "257 characters"],
      [TOKEN, "no scheme"],
      ["", "no scheme"],
      ["Basic dXNlcjpwYXNz", 'scheme "Basic"'],
      [`Bearer${TOKEN}`, "no scheme"],
      ["x".repeat(5_000), "5000 characters"],
    ] as const;
    for (const [authorization, detail] of refused) {
      expect(of({ authorization })).toEqual({ kind: "malformed", detail: expect.stringContaining(detail) });
    }
  });

  test("refuses two different tokens in one list, and an empty one", () => {
    for (const list of ["bearer.a, bearer.b", "zeroclaw.v1, bearer.", `bearer.${"a".repeat(5_000)}`]) {
      expect(of({ "sec-websocket-protocol": list }).kind).toBe("malformed");
    }
  });

  test("takes a token of 256 characters", () => {
    expect(of({ authorization: `Bearer ${"a".repeat(256)}` }).kind).toBe("token");
  });

  test("tells a pairing code, wherever a token belongs", () => {
    const code: Credential = { kind: "code", code: "WXYZ-1234-ABCD" };
    for (const authorization of [
      "Bearer WXYZ-1234-ABCD",
      "bearer wxyz1234abcd",
      "Bearer wxyz 1234 abcd",
      "WXYZ-1234-ABCD",
    ]) {
      expect(of({ authorization })).toEqual(code);
    }
    expect(of({ "sec-websocket-protocol": "zeroclaw.v1, bearer.wxyz-1234-abcd" })).toEqual(code);
    expect(credentialOf("wxyz-1234-abcd")).toEqual(code);
  });

  test("never fails, and gives no token with spaces, commas or control characters", () => {
    const header = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)) });
    fc.assert(
      fc.property(header, fc.boolean(), (text, bearer) => {
        const found = of({ authorization: bearer ? `Bearer ${text}` : text });
        if (found.kind === "token") expect(found.token).toMatch(/^[A-Za-z0-9._~+/=-]{1,256}$/);
        else expect(["malformed", "code"]).toContain(found.kind);
      }),
    );
  });
});

describe("pairFirst", () => {
  test("answers with the commands that pair", () => {
    const problem = pairFirst("WXYZ-1234-ABCD", "https://agent.example.com");
    expect([problem.status, problem.code]).toEqual([401, "pair_first"]);
    expect(problem.message).toContain(
      "curl -X POST https://agent.example.com/pair -H 'X-Pairing-Code: WXYZ-1234-ABCD'",
    );
    expect(problem.message).toContain('{"type":"pair","code":"WXYZ-1234-ABCD"} over wss://agent.example.com/ws');
  });
});

describe("pairingCodeOf", () => {
  test("is the header's text, whatever it is", () => {
    expect(pairingCodeOf(new Headers({ "X-Pairing-Code": "anything" }))).toBe("anything");
    expect(pairingCodeOf(new Headers())).toBe(null);
  });
});
