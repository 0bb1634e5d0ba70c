import { describe, expect, test } from "bun:test";
import { eventually, GatewayProcess } from "../support/gateway-process.ts";
import { RawConnection, rawRequest, requestBytes } from "../support/raw-http.ts";

const UNLIMITED = "[gateway.rate_limit]\nenabled = false\n";
const JSON_TYPE = "application/json";
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
const NOT_UTF8 = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d]);

type Body = readonly [
  what: string,
  body: string | Uint8Array<ArrayBuffer>,
  type: string | null,
  status: number,
  code?: string,
];

const EVENTS: readonly Body[] = [
  ["JSON", '{"a":1}', JSON_TYPE, 202],
  ["JSON with a charset", '{"a":1}', "application/json; charset=utf-8", 202],
  ["JSON of a kind of its own", '{"a":1}', "application/cloudevents+json", 202],
  ["JSON after a byte order mark", Buffer.from([...BYTE_ORDER_MARK, ...Buffer.from('{"a":1}')]), JSON_TYPE, 202],
  ["JSON without a type", '{"a":1}', null, 202],
  ["JSON that curl calls a form", '{"a":1}', "application/x-www-form-urlencoded", 202],
  ["a form", "a=1&b=%C3%BC", "application/x-www-form-urlencoded", 202],
  ["text", "the pump stopped", "text/plain", 202],
  ["bad JSON", '{"a":', JSON_TYPE, 400, "bad_json"],
  ["two documents", '{"a":1}{"b":2}', JSON_TYPE, 400, "bad_json"],
  ["nothing", "", JSON_TYPE, 400, "bad_json"],
  ["nothing at all", "", null, 400, "bad_json"],
  ["what is not UTF-8", NOT_UTF8, JSON_TYPE, 400, "bad_text"],
  ["text that is not UTF-8", NOT_UTF8, "text/plain", 400, "bad_text"],
  ["XML", "<a/>", "application/xml", 415, "unsupported_media_type"],
  ["bytes", "abc", "application/octet-stream", 415, "unsupported_media_type"],
  ["a form with parts", "--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415, "unsupported_media_type"],
];

const MESSAGES: readonly Body[] = [
  ["a message", '{"message":"Hello"}', JSON_TYPE, 200],
  ["content, as other gateways call it", '{"content":"Hello"}', JSON_TYPE, 200],
  ["a message without a type", '{"message":"Hello"}', null, 200],
  [
    "a message after a byte order mark",
    Buffer.from([...BYTE_ORDER_MARK, ...Buffer.from('{"message":"Hello"}')]),
    JSON_TYPE,
    200,
  ],
  ["bad JSON", "{message: hello}", JSON_TYPE, 400, "bad_json"],
  ["nothing", "", JSON_TYPE, 400, "bad_json"],
  ["what is not UTF-8", NOT_UTF8, JSON_TYPE, 400, "bad_text"],
  ["an array", "[]", JSON_TYPE, 400, "bad_field"],
  ["null", "null", JSON_TYPE, 400, "bad_field"],
  ["no message", "{}", JSON_TYPE, 400, "bad_field"],
  ["an empty message", '{"message":"  "}', JSON_TYPE, 400, "bad_field"],
  ["a message that is no text", '{"message":5}', JSON_TYPE, 400, "bad_field"],
  ["a bad session", '{"message":"Hello","session_id":"a b"}', JSON_TYPE, 400, "bad_field"],
  [
    "a session with too long a name",
    `{"message":"Hello","session_id":"${"a".repeat(129)}"}`,
    JSON_TYPE,
    400,
    "bad_field",
  ],
  ["a session with a reserved name", '{"message":"Hello","session_id":"github:x"}', JSON_TYPE, 400, "bad_field"],
  ["a key that no shape has", '{"message":"Hello","__proto__":{"scope":"owner"},"x":1}', JSON_TYPE, 200],
  ["JSON nested 20,000 deep", `{"message":"Hello","x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, JSON_TYPE, 200],
];

/** Requests that no client should send; what they are answered with is docs/limits.md's, that they harm nobody is asserted. */
const MALFORMED: readonly string[] = [
  "GARBAGE\r\n\r\n",
  "GET /health\r\n\r\n",
  "GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
  "GET /health HTTP/1.1\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost:\r\n\r\n",
  "GET  /health HTTP/1.1\r\nHost: x\r\n\r\n",
  "get /health HTTP/1.1\r\nHost: x\r\n\r\n",
  "FOO /health HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET health HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET http://evil.example/health HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET //evil.example/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET /%ff%fe/%zz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "GET /api/events/%ff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "GET /health HTTP/1.0\r\n\r\n",
  "GET /health HTTP/1.1\nHost: x\n\n",
  "GET /health HTTP/1.1\r\nHost: x\r\nNo-Colon\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: x\r\nBad : y\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
  "GET /health HTTP/1.1\r\nHost: x\r\nX: \u0000\r\n\r\n",
  `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET /health HTTP/1.1\r\nHost: x\r\n${"X: y\r\n".repeat(500)}\r\n`,
  `GET /health HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`,
  "POST /pair HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "POST /pair HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
  "POST /pair HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
  "POST /pair HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /pair HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
  "POST /pair HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "POST /pair HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003", // the beginning of TLS
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
  "\r\n\r\n\r\n",
  "\u0000\u0000\u0000\u0000",
];

/** Bodies of every kind and bytes that are no request (contract §3, "Bodies"). */
export function httpBodyConformance(command: readonly string[]): void {
  describe("bodies", () => {
    async function check(path: string, bodies: readonly Body[]): Promise<void> {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const Authorization = `Bearer ${await gateway.pair()}`;
      for (const [what, body, type, status, code] of bodies) {
        const headers = { Authorization, ...(type === null ? {} : { "Content-Type": type }) };
        const answer = await rawRequest(gateway.port, { method: "POST", path, headers, body });
        const found = answer.status < 400 ? undefined : answer.json["code"];
        expect({ what, status: answer.status, code: found }).toEqual({ what, status, code });
      }
    }

    test("POST /webhook takes JSON, forms and text in UTF-8, and says what is wrong with anything else", () =>
      check("/webhook", EVENTS));
    test("POST /api/message takes a message, and says what is wrong with anything else", () =>
      check("/api/message", MESSAGES));

    test("Expect: 100-continue is answered, and the body taken", async () => {
      await using gateway = await GatewayProcess.start(command);
      const token = await gateway.pair();
      await using connection = await RawConnection.open(gateway.port);
      const headers = { Authorization: `Bearer ${token}`, "Content-Length": "7", Expect: "100-continue" };
      connection.send(requestBytes(gateway.port, { method: "POST", path: "/webhook", headers }));
      connection.send('{"a":1}');
      expect((await connection.response()).status).toBe(202);
    });

    test("64 MB of bodies may be announced without costing the others anything; held at once they are not: 503 until some have ended", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const owner = await gateway.owner();
      const headers = { Authorization: `Bearer ${owner.token}`, "Content-Length": "65536" };
      const head = requestBytes(gateway.port, { method: "POST", path: "/webhook", headers });
      const open = () => RawConnection.open(gateway.port);
      const stalled = await Promise.all(Array.from({ length: 1_024 }, open));
      try {
        for (const connection of stalled) connection.send(Buffer.concat([head, Buffer.from("{")]));
        expect((await owner.post("/webhook", { a: 1 })).status).toBe(202);
        for (const connection of stalled) connection.send(Buffer.alloc(40_000, " "));
        const refused = await eventually("there is no room left", async () => {
          const answer = await owner.post("/webhook", { a: "x".repeat(60_000) });
          return answer.status !== 202 && answer;
        });
        expect({ status: refused.status, code: refused.json["code"] }).toEqual({ status: 503, code: "overloaded" });
        expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
        expect((await owner.get("/api/events")).status).toBe(200); // reading goes on
      } finally {
        await Promise.all(stalled.map((connection) => connection[Symbol.asyncDispose]()));
      }
      await eventually("there is room again", async () => (await owner.post("/webhook", { a: 1 })).status === 202);
    });

    test("one connection serves many requests, one after the other", async () => {
      await using gateway = await GatewayProcess.start(command);
      const Authorization = `Bearer ${await gateway.pair()}`;
      await using connection = await RawConnection.open(gateway.port);
      for (let i = 0; i < 10; i += 1) {
        const request = { method: "POST", path: "/webhook", headers: { Authorization }, body: `{"i":${i}}` };
        connection.send(requestBytes(gateway.port, request));
        expect((await connection.response()).status).toBe(202);
      }
    });
  });

  nonsense(command);
}

function nonsense(command: readonly string[]): void {
  describe("bytes that are no request", () => {
    test("malformed requests are refused or dropped, one by one, and the gateway goes on", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      for (const bytes of MALFORMED) {
        await using connection = await RawConnection.open(gateway.port);
        connection.send(Buffer.from(bytes, "latin1"));
        const [, status = "closed"] = /^HTTP\/1\.1 (\d+)/.exec(await firstBytes(connection)) ?? [];
        const served = bytes.startsWith("GET /health HTTP/1.0") || bytes.includes("http://evil.example/health");
        expect({ bytes: bytes.slice(0, 60), ok: served || status === "closed" || Number(status) >= 400 }).toMatchObject(
          { ok: true },
        );
      }
      expect((await gateway.fetch("/health")).status).toBe(200);
      expect(gateway.stderr).not.toMatch(/"level":"error"/);
    });

    test("pipelined requests, and clients that leave in the middle of one, do not harm anybody else", async () => {
      await using gateway = await GatewayProcess.start(command, { config: UNLIMITED });
      const Authorization = `Bearer ${await gateway.pair()}`;
      const event = requestBytes(gateway.port, {
        method: "POST",
        path: "/webhook",
        headers: { Authorization },
        body: '{"a":1}',
      });
      for (const cut of [1, 40, event.length - 3, event.length]) {
        await using connection = await RawConnection.open(gateway.port);
        connection.send(Buffer.concat([event, event, event, event.subarray(0, cut)]));
      }
      expect((await gateway.client().get("/health")).status).toBe(200);
      const after = await rawRequest(gateway.port, {
        method: "POST",
        path: "/webhook",
        headers: { Authorization },
        body: "{}",
      });
      expect(after.status).toBe(202);
      expect(gateway.stderr).not.toMatch(/"level":"error"/);
    });
  });
}

/** What comes first: bytes or the end. A connection that says nothing at all has been given long enough after a second. */
async function firstBytes(connection: RawConnection): Promise<string> {
  const patience = Bun.sleep(1_000).then(() => null);
  for (;;) {
    if (connection.received !== "" || !connection.isOpen) return connection.received;
    if ((await Promise.race([connection.closed(), Bun.sleep(5), patience])) === null) return "";
  }
}
