import { describe, expect, test } from "bun:test";
import {
  type FetchOptions,
  guardedFetch,
  type OutgoingRequest,
  systemGuardedFetch,
} from "../../src/replies/guarded-fetch.ts";
import { ManualClock } from "../support/clock.ts";
import { CERTIFICATE, KEY } from "./certificate.ts";
import { closedPort, FakeApi, openFetch, rawServer, until } from "./support.ts";

const POST: OutgoingRequest = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: new TextEncoder().encode('{"a":"ä"}'),
};
const GET: OutgoingRequest = { method: "GET", headers: {} };
const OPTIONS: FetchOptions = { allowPrivate: true, timeoutMs: 20_000 };

/** A fetch whose names all lead to this machine, and what was connected to. */
function openNamed(...answers: readonly (readonly string[])[]) {
  const clock = new ManualClock();
  const connected: { readonly url: string; readonly init: BunFetchRequestInit }[] = [];
  let lookUps = 0;
  const fetchIt = guardedFetch({
    resolve: async () => answers[Math.min(lookUps++, answers.length - 1)] ?? [],
    connect: async (url, init) => {
      connected.push({ url, init });
      return await fetch(url, init);
    },
    clock,
  });
  return { fetchIt, connected, clock, lookUps: () => lookUps };
}

describe("guardedFetch", () => {
  test("sends the body whole, with its length, and gives back status, headers and text", async () => {
    await using api = new FakeApi(() => new Response("thänks", { status: 202, headers: { "x-a": "b" } }));
    const answer = await openFetch(new ManualClock())(`${api.url}/p?q=1`, POST, OPTIONS);
    if (!answer.ok) throw new Error(answer.detail);
    expect([answer.status, answer.headers.get("x-a"), answer.body]).toEqual([202, "b", "thänks"]);
    const [call] = api.calls;
    expect(call).toMatchObject({ method: "POST", path: "/p", body: '{"a":"ä"}' });
    expect(call?.headers.get("content-length")).toBe("10");
    expect(call?.headers.get("transfer-encoding")).toBeNull();
  });

  test("sends 8 MB without losing a byte", async () => {
    await using api = new FakeApi(({ body }) => new Response(String(Bun.hash(body))));
    const text = "0123456789abcdef".repeat(512 * 1024);
    const answer = await openFetch(new ManualClock())(api.url, { ...POST, body: Buffer.from(text) }, OPTIONS);
    expect(answer).toMatchObject({ ok: true, body: String(Bun.hash(text)) });
  });

  test("connects to the address that was checked and names the host in Host", async () => {
    await using api = new FakeApi(({ headers }) => new Response(headers.get("host")));
    const { fetchIt, connected } = openNamed(["127.0.0.1"]);
    const port = new URL(api.url).port;
    const answer = await fetchIt(`http://hooks.example:${port}/x`, POST, OPTIONS);
    expect(answer).toMatchObject({ ok: true, body: `hooks.example:${port}` });
    expect(connected.map(({ url }) => url)).toEqual([`http://127.0.0.1:${port}/x`]);
  });

  test("looks a name up once, so that a second answer of its server changes nothing", async () => {
    const clock = new ManualClock();
    const connected: string[] = [];
    const answers = [["140.82.121.6"], ["127.0.0.1"]];
    const fetchIt = guardedFetch({
      resolve: async () => answers.shift() ?? [],
      connect: async (url) => {
        connected.push(url);
        return new Response("ok");
      },
      clock,
    });
    expect(await fetchIt("http://rebind.example/", POST, { ...OPTIONS, allowPrivate: false })).toMatchObject({
      ok: true,
    });
    expect(connected).toEqual(["http://140.82.121.6/"]);
    expect(await fetchIt("http://rebind.example/", POST, { ...OPTIONS, allowPrivate: false })).toMatchObject({
      ok: false,
    });
    expect(connected).toHaveLength(1);
  });

  test("connects to nothing when an address is refused", async () => {
    const { fetchIt, connected } = openNamed(["140.82.121.6", "169.254.169.254"]);
    const result = await fetchIt("https://meta.example/", POST, OPTIONS);
    expect(result).toMatchObject({ ok: false, reached: "not_sent", permanent: false });
    expect(connected).toEqual([]);
  });

  test("asks for the host's own certificate, for no proxy, no redirects and a connection of its own", async () => {
    const { fetchIt, connected } = openNamed(["127.0.0.1"]);
    await fetchIt(`https://hooks.example:${closedPort()}/`, POST, OPTIONS);
    expect(connected[0]?.init).toMatchObject({
      tls: { serverName: "hooks.example" },
      proxy: false,
      redirect: "manual",
      keepalive: false,
    });
  });

  test("gives a redirect back instead of following it", async () => {
    await using inner = new FakeApi(() => new Response("secret"));
    await using api = new FakeApi(() => Response.redirect(inner.url, 307));
    expect(await openFetch(new ManualClock())(api.url, POST, OPTIONS)).toMatchObject({ ok: true, status: 307 });
    expect(inner.calls).toEqual([]);
  });

  test("tries the next address when the first takes no connection", async () => {
    await using api = new FakeApi(() => new Response("here"));
    const { port } = new URL(api.url);
    const { fetchIt, connected } = openNamed(["127.0.0.3", "127.0.0.1"]);
    expect(await fetchIt(`http://two.example:${port}/`, POST, OPTIONS)).toMatchObject({ ok: true, body: "here" });
    expect(connected.map(({ url }) => new URL(url).hostname)).toEqual(["127.0.0.3", "127.0.0.1"]);
    expect(api.calls).toHaveLength(1);
  });

  test("says not_sent when the connection is refused", async () => {
    const result = await openFetch(new ManualClock())(`http://127.0.0.1:${closedPort()}/`, POST, OPTIONS);
    expect(result).toMatchObject({ ok: false, reached: "not_sent", permanent: false });
    expect(result).toMatchObject({ detail: expect.stringContaining("refused") });
  });

  test("says not_sent when the TLS handshake fails", async () => {
    await using api = new FakeApi(() => new Response("plain"));
    const result = await openFetch(new ManualClock())(api.url.replace("http:", "https:"), POST, OPTIONS);
    expect(result).toMatchObject({ ok: false, reached: "not_sent" });
    expect(api.calls).toEqual([]);
  });

  test("checks the certificate for the URL's name though it connects to an address", async () => {
    await using api = new FakeApi(({ headers }) => new Response(headers.get("host")), { cert: CERTIFICATE, key: KEY });
    const { port } = new URL(api.url);
    const fetchIt = guardedFetch({
      resolve: async () => ["127.0.0.1"],
      connect: (url, init) => fetch(url, { ...init, tls: { ...init.tls, ca: CERTIFICATE } }),
      clock: new ManualClock(),
    });
    const right = await fetchIt(`https://hooks.example:${port}/`, POST, OPTIONS);
    expect(right).toMatchObject({ ok: true, body: `hooks.example:${port}` });
    const wrong = await fetchIt(`https://other.example:${port}/`, POST, OPTIONS);
    expect(wrong).toMatchObject({ ok: false, reached: "not_sent", detail: expect.stringContaining("another name") });
    expect(api.calls).toHaveLength(1);
  });

  test("says not_sent when nobody vouches for the certificate", async () => {
    await using api = new FakeApi(() => new Response("ok"), { cert: CERTIFICATE, key: KEY });
    const { fetchIt } = openNamed(["127.0.0.1"]);
    const result = await fetchIt(`https://hooks.example:${new URL(api.url).port}/`, POST, OPTIONS);
    expect(result).toMatchObject({ ok: false, reached: "not_sent", detail: expect.stringContaining("self-signed") });
    expect(api.calls).toEqual([]);
  });

  test("says not_sent when the time is up before the TLS handshake is done", async () => {
    const clock = new ManualClock();
    let greeted = false;
    using silent = rawServer(() => {
      greeted = true;
    });
    const result = openFetch(clock)(silent.url.replace("http:", "https:"), POST, OPTIONS);
    await until(() => greeted);
    clock.advance(20_000);
    expect(await result).toMatchObject({ ok: false, reached: "not_sent", detail: expect.stringContaining("20000 ms") });
  });

  test("says not_sent when the name's look-up takes all the time", async () => {
    const clock = new ManualClock();
    const never = guardedFetch({ resolve: () => new Promise(() => {}), connect: fetch, clock });
    const result = never("http://slow.example/", POST, OPTIONS);
    clock.advance(20_000);
    expect(await result).toMatchObject({ ok: false, reached: "not_sent" });
    expect(clock.timers).toBe(0);
  });

  test("says unknown when the time is up after the request went out", async () => {
    const clock = new ManualClock();
    let heard = false;
    using silent = rawServer((_socket, data) => {
      heard ||= data.includes("}");
    });
    const result = openFetch(clock)(silent.url, POST, OPTIONS);
    await until(() => heard);
    clock.advance(20_000);
    expect(await result).toMatchObject({ ok: false, reached: "unknown" });
  });

  test("says unknown when it is aborted after the request went out, and not_sent when before", async () => {
    const stop = new AbortController();
    let heard = false;
    using silent = rawServer((_socket, data) => {
      heard ||= data.includes("}");
    });
    const options = { ...OPTIONS, signal: stop.signal };
    const result = openFetch(new ManualClock())(silent.url, POST, options);
    await until(() => heard);
    stop.abort();
    expect(await result).toMatchObject({ ok: false, reached: "unknown" });
    expect(await openFetch(new ManualClock())(silent.url, POST, options)).toMatchObject({ reached: "not_sent" });
  });

  test.each([
    ["cuts the connection", ""],
    ["answers half a status line", "HTTP/1.1 20"],
    ["answers garbage", "250 OK hello\r\n\r\n"],
  ])("says unknown, and sends once, when the server %s", async (_what, said) => {
    let requests = 0;
    using server = rawServer((socket, data) => {
      if (!data.includes("}")) return;
      requests += 1;
      socket.end(said);
    });
    const result = await openFetch(new ManualClock())(server.url, POST, OPTIONS);
    expect(result).toMatchObject({ ok: false, reached: "unknown" });
    expect(requests).toBe(1);
  });

  test("keeps a status whose body was cut off or drips for ever", async () => {
    const clock = new ManualClock();
    const sockets: Bun.Socket<undefined>[] = [];
    using server = rawServer((socket, data) => {
      if (!data.includes("}")) return;
      sockets.push(socket);
      socket.write("HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nbegin");
    });
    for (const end of [() => sockets.at(-1)?.end(), () => clock.advance(20_000)]) {
      const connect = async (url: string, init: BunFetchRequestInit) => {
        const response = await fetch(url, init);
        end();
        return response;
      };
      const result = await guardedFetch({ resolve: async () => [], connect, clock })(server.url, POST, OPTIONS);
      expect(result).toMatchObject({ ok: true, status: 201, body: expect.stringMatching(/^(begin)?$/) });
    }
    expect(clock.timers).toBe(0);
  });

  test("reads no more than 64 KB of an endless body, or as much as it is told", async () => {
    await using api = new FakeApi(
      () =>
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(9_999).fill(97)) })),
    );
    const whole = await openFetch(new ManualClock())(api.url, GET, OPTIONS);
    expect(whole).toMatchObject({ ok: true, body: "a".repeat(65_536) });
    const part = await openFetch(new ManualClock())(api.url, GET, { ...OPTIONS, maxBytes: 10 });
    expect(part).toMatchObject({ ok: true, body: "a".repeat(10) });
  });

  test("reads no more than 64 KB of a body that unpacks to 50 MB", async () => {
    const bomb = Bun.gzipSync(new Uint8Array(50_000_000).fill(97));
    await using api = new FakeApi(() => new Response(bomb, { headers: { "content-encoding": "gzip" } }));
    const result = await openFetch(new ManualClock())(api.url, GET, OPTIONS);
    expect(result).toMatchObject({ ok: true, body: "a".repeat(65_536) });
  });

  test("never says the URL, whose path may be a secret", async () => {
    const url = `http://127.0.0.1:${closedPort()}/hooks/s3cret?token=s3cret`;
    expect(JSON.stringify(await openFetch(new ManualClock())(url, POST, OPTIONS))).not.toContain("s3cret");
  });
});

describe("systemGuardedFetch", () => {
  test("asks this machine's resolver and refuses what it may not reach", async () => {
    await using api = new FakeApi(() => new Response("here"));
    const url = `http://localhost:${new URL(api.url).port}/`;
    const fetchIt = systemGuardedFetch(new ManualClock());
    expect(await fetchIt(url, POST, { ...OPTIONS, allowPrivate: false })).toMatchObject({ ok: false });
    expect(api.calls).toEqual([]);
    expect(await fetchIt(url, POST, OPTIONS)).toMatchObject({ ok: true, body: "here" });
  });
});
