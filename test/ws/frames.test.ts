import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseFrame } from "../../src/ws/frames.ts";

function refusal(raw: string | Uint8Array) {
  const parsed = parseFrame(raw);
  if (parsed.ok) throw new Error(`The frame was taken: ${raw}`);
  return { code: parsed.problem.code, detail: parsed.problem.message, id: parsed.id };
}

describe("parseFrame", () => {
  test("takes every frame of the contract", () => {
    const frames = [
      { type: "message", content: "Hi", token: "zc_1", id: "1", session_id: "s", stream: true },
      { type: "auth", token: "zc_1", permissions: true },
      { type: "pair", code: "WXYZ-1234-ABCD", device_name: "phone" },
      { type: "resume", session_id: "device:1", after: 0 },
      { type: "cancel", run_id: "r" },
      { type: "cancel", id: "1" },
      { type: "subscribe", topics: ["events", "session:s"] },
      { type: "unsubscribe", topics: [] },
      { type: "permission", request_id: "p", decision: "always" },
      { type: "ping" },
    ];
    for (const frame of frames) expect(parseFrame(JSON.stringify(frame))).toEqual({ ok: true, frame } as never);
  });

  test("leaves fields alone that it does not know", () => {
    expect(parseFrame('{"type":"ping","future":1}').ok).toBe(true);
  });

  test("says what is wrong, by code", () => {
    for (const raw of ["", "{", "Hello", "{'a':1}", '{"type":"ping"}x']) expect(refusal(raw).code).toBe("bad_json");
    for (const raw of ["1", "null", "[]", '"ping"', "{}", '{"type":1}', '{"Type":"ping"}']) {
      expect(refusal(raw).code).toBe("bad_request");
    }
    expect(refusal(new Uint8Array([1])).detail).toBe("Frames are JSON text; this one was binary.");
    expect(refusal('{"type":"say"}').detail).toBe(
      'The frame has the unknown type "say". Known are message, auth, pair, resume, cancel, subscribe, unsubscribe, permission, ping.',
    );
    for (const raw of [
      '{"type":"message"}',
      '{"type":"auth","token":1}',
      '{"type":"resume","session_id":"s","after":-1}',
    ]) {
      expect(refusal(raw).code).toBe("bad_field");
    }
    expect(refusal('{"type":"permission","request_id":"p","decision":"maybe"}').detail).toContain('"decision"');
  });

  test("tells with the refusal which frame it was", () => {
    expect(refusal('{"type":"say","id":"7"}').id).toBe("7");
    expect(refusal('{"type":"auth","id":"7"}').id).toBe("7");
    for (const raw of ['{"type":"say","id":7}', '{"type":"say","id":""}', `{"type":"say","id":"${"x".repeat(256)}"}`]) {
      expect(refusal(raw).id).toBeUndefined();
    }
  });

  test("is not taken in by names of an object's prototype", () => {
    for (const type of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(refusal(JSON.stringify({ type })).code).toBe("bad_request");
    }
    expect(refusal('{"__proto__":{"type":"ping"}}').code).toBe("bad_request");
  });

  test("never shows a token or a code", () => {
    const secret = "zc_secret".repeat(40);
    expect(refusal(JSON.stringify({ type: "auth", token: secret })).detail).not.toContain("secret");
    expect(refusal(JSON.stringify({ type: "pair", code: secret })).detail).not.toContain("secret");
  });

  test("never throws, whatever comes", () => {
    void fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json(), fc.uint8Array()), (raw) => {
        const parsed = parseFrame(raw);
        expect(parsed.ok || parsed.problem.message.length > 0).toBe(true);
      }),
    );
    expect(refusal("[".repeat(60_000)).code).toBe("bad_json");
  });
});
