import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { peerOf } from "../../src/http/client-address.ts";
import { parseNetwork } from "../../src/lib/address.ts";

const trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48"].map((text) => {
  const network = parseNetwork(text);
  if (!network) throw new Error(`${text} is no network`);
  return network;
});

describe("peerOf", () => {
  test("does not look at X-Forwarded-For when no proxy is trusted, nor from a peer that is none", () => {
    expect(peerOf("127.0.0.1", "198.51.100.7", [])).toEqual({ address: "127.0.0.1", viaProxy: false });
    expect(peerOf("203.0.113.9", "198.51.100.7", trusted)).toEqual({ address: "203.0.113.9", viaProxy: false });
  });

  test("takes the rightmost address that is no trusted proxy", () => {
    expect(peerOf("127.0.0.1", "198.51.100.7", trusted)).toEqual({ address: "198.51.100.7", viaProxy: true });
    expect(peerOf("127.0.0.1", "198.51.100.7, 10.1.2.3", trusted).address).toBe("198.51.100.7");
  });

  test("does not believe what a client wrote before the proxies came", () => {
    expect(peerOf("127.0.0.1", "127.0.0.1, 198.51.100.7", trusted).address).toBe("198.51.100.7");
    expect(peerOf("127.0.0.1", "192.0.2.1, 198.51.100.7, 10.1.2.3", trusted).address).toBe("198.51.100.7");
  });

  test("reads IPv6, ports, zones and IPv4 in IPv6's clothes", () => {
    expect(peerOf("::ffff:10.0.0.1", "2001:db8::7", trusted)).toEqual({ address: "2001:db8::7", viaProxy: true });
    expect(peerOf("2001:db8:ffff::1", "[2001:db8::7]:443", trusted).address).toBe("[2001:db8::7]:443");
    expect(peerOf("10.0.0.1", "198.51.100.7:51234", trusted).address).toBe("198.51.100.7:51234");
  });

  test.each([null, "", ",", "unknown", "_hidden", "010.0.0.1", "198.51.100.7, garbage", "198.51.100.7, 10.0.0.999"])(
    "falls back to the proxy itself when the header is %p",
    (header) => {
      expect(peerOf("10.0.0.1", header, trusted)).toEqual({ address: "10.0.0.1", viaProxy: true });
    },
  );

  test("falls back to the proxy itself when every hop is a trusted proxy", () => {
    expect(peerOf("10.0.0.1", "10.0.0.3, 10.0.0.2", trusted)).toEqual({ address: "10.0.0.1", viaProxy: true });
  });

  test("looks at 32 hops and no more", () => {
    const chain = (hops: number) => `198.51.100.7, ${Array<string>(hops).fill("10.0.0.2").join(", ")}`;
    expect(peerOf("10.0.0.1", chain(31), trusted).address).toBe("198.51.100.7");
    expect(peerOf("10.0.0.1", chain(32), trusted).address).toBe("10.0.0.1");
  });

  test("is the socket's address for a peer that says nothing readable, whatever the header", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: "binary", maxLength: 200 }), (peer, header) => {
        fc.pre(!/^(10\.|127\.0\.0\.1|\[?::ffff|\[?2001)/i.test(peer));
        expect(peerOf(peer, header, trusted)).toEqual({ address: peer, viaProxy: false });
      }),
    );
  });

  test("never gives an address that stands left of an unreadable hop", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.stringMatching(/^[g-z_]{1,12}$/), (spoofed, garbage) => {
        expect(peerOf("10.0.0.1", `${spoofed}, ${garbage}`, trusted).address).toBe("10.0.0.1");
      }),
    );
  });
});
