import { describe, expect, test } from "bun:test";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import fc from "fast-check";
import {
  addressScope,
  clientKey,
  formatAddress,
  inNetwork,
  isLoopback,
  isPrivate,
  isUnspecified,
  normalizeAddress,
  parseAddress,
  parseNetwork,
} from "../../src/lib/address.ts";

const v4 = fc.ipV4();
const v6 = fc.ipV6();
/** Text that is nearly an address, so that the edges of the grammar are met often. */
const nearly = fc.oneof(v4, v6, fc.string({ unit: fc.constantFrom(..."0123456789abcdefF:.%[]/x "), maxLength: 45 }));

describe("parseAddress", () => {
  test("reads every textual form of an address", () => {
    const forms = [
      ["192.0.2.1", "192.0.2.1"],
      ["192.0.2.1:8585", "192.0.2.1"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["::FFFF:c000:201", "192.0.2.1"],
      ["0:0:0:0:0:ffff:192.0.2.1", "192.0.2.1"],
      ["[::ffff:192.0.2.1]:80", "192.0.2.1"],
      ["2001:DB8:0:0:8:0:0:1", "2001:db8::8:0:0:1"],
      ["[2001:db8::1]", "2001:db8::1"],
      ["[2001:db8::1]:65535", "2001:db8::1"],
      ["fe80::1%eth0", "fe80::1"],
      ["[fe80::1%25]:80", "fe80::1"],
      ["::", "::"],
      ["::1", "::1"],
      ["1::", "1::"],
      ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
      ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ] as const;
    for (const [text, canonical] of forms) expect([text, normalizeAddress(text)]).toEqual([text, canonical]);
  });

  test("refuses what only looks like an address", () => {
    const wrong = [
      "",
      "localhost",
      "unknown",
      "_hidden",
      "1.2.3",
      "1.2.3.4.5",
      "1.2.3.256",
      "01.2.3.4",
      "1.2.3.04",
      "0x7f.0.0.1",
      "1.2.3.4 ",
      " 1.2.3.4",
      "1.2.3.4:",
      "1.2.3.4:123456",
      "1.2.3.4:http",
      "1..2.3",
      "1.2.3.",
      "١.2.3.4",
      ":",
      ":::",
      "::1::",
      "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1:2:3:4:5:6:7:8::",
      "12345::",
      "::g",
      "1.2.3.4::",
      "::1.2.3.4:5",
      "::1.2.3",
      "[::1",
      "::1]",
      "[::1]80",
      "[::1]:",
      "[1.2.3.4]",
      "::1%",
      "1.2.3.4%eth0",
      "::1/64",
      `::1%${"z".repeat(200)}`,
    ];
    for (const text of wrong) expect([text, parseAddress(text)]).toEqual([text, null]);
  });

  test("agrees with node:net about what an address is", () => {
    fc.assert(
      fc.property(nearly, (text) => {
        fc.pre(!/[[\]%]/.test(text) && !/\..*:\d*$/.test(text)); // forms that node:net does not know or knows otherwise
        expect(parseAddress(text) !== null).toBe(isIPv4(text) || isIPv6(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test("writes IPv6 as the URL standard does", () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff)); // many zeros, so that runs of them compete
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const text = groups.map((g) => g.toString(16)).join(":");
        const address = parseAddress(text)!;
        fc.pre(address.family === 6);
        expect(`[${formatAddress(address)}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });

  test("reads back what formatAddress wrote, with and without a port", () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (text) => {
        const address = parseAddress(text)!;
        const written = formatAddress(address);
        expect(parseAddress(written)).toEqual(address);
        expect(parseAddress(address.family === 4 ? `${written}:80` : `[${written}]:80`)).toEqual(address);
      }),
    );
  });
});

describe("clientKey", () => {
  test("is the IPv4 address, or the /64 of the IPv6 address", () => {
    expect(clientKey("192.0.2.1")).toBe("192.0.2.1");
    expect(clientKey("192.0.2.1:4711")).toBe("192.0.2.1");
    expect(clientKey("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(clientKey("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
    expect(clientKey("[2001:DB8:1:2::9%eth0]:80")).toBe("2001:db8:1:2::/64");
    expect(clientKey("::1")).toBe("::/64");
    expect(clientKey("not an address")).toBe("unknown");
    expect(clientKey("2001:db8::/48")).toBe("unknown");
  });

  test("is the same for every address of a /64 and differs between two of them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(15), (bytes, changed) => {
        fc.pre(bytes.subarray(0, 10).some((byte) => byte !== 0)); // not in IPv4's clothes
        const other = Uint8Array.from(bytes);
        other[changed]! ^= 1;
        fc.pre(other.subarray(0, 10).some((byte) => byte !== 0));
        const keys = [bytes, other].map((b) => clientKey(formatAddress({ family: 6, bytes: b })));
        expect(keys[0] === keys[1]).toBe(changed >= 8);
      }),
    );
  });

  test("of a client key is that key", () => {
    fc.assert(fc.property(nearly, (text) => expect(clientKey(clientKey(text))).toBe(clientKey(text))));
  });
});

describe("networks", () => {
  test("refuses what is not a network", () => {
    const wrong = ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129"];
    const more = ["10.0.0.0/1e1", "[::1]/64", "fe80::1%eth0/64", "1.2.3.4:80", "::ffff:10.0.0.0/95", "example.com/8"];
    for (const text of [...wrong, ...more]) expect([text, parseNetwork(text)]).toEqual([text, null]);
  });

  test("matches as node:net's BlockList does", () => {
    const family = (text: string) => (isIPv4(text) ? "ipv4" : "ipv6");
    fc.assert(
      fc.property(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), fc.nat(128), ([base, text], bits) => {
        fc.pre(
          parseAddress(base)!.family === (isIPv4(base) ? 4 : 6) &&
            parseAddress(text)!.family === (isIPv4(text) ? 4 : 6),
        );
        const prefix = isIPv4(base) ? bits % 33 : bits;
        const list = new BlockList();
        list.addSubnet(base, prefix, family(base));
        const network = parseNetwork(`${base}/${prefix}`)!;
        expect(inNetwork(network, parseAddress(base)!)).toBe(true);
        expect(inNetwork(network, parseAddress(text)!)).toBe(list.check(text, family(text)));
      }),
    );
  });

  test("splits exactly at the prefix's last bit", () => {
    const within = (network: string, address: string) => inNetwork(parseNetwork(network)!, parseAddress(address)!);
    expect(within("172.16.0.0/12", "172.31.255.255")).toBe(true);
    expect(within("172.16.0.0/12", "172.32.0.0")).toBe(false);
    expect(within("172.20.1.1/12", "172.16.0.0")).toBe(true); // bits past the prefix do not count
    expect(within("2001:db8::/33", "2001:db8:7fff::")).toBe(true);
    expect(within("2001:db8::/33", "2001:db8:8000::")).toBe(false);
    expect(within("0.0.0.0/0", "203.0.113.9")).toBe(true);
    expect(within("::/0", "203.0.113.9")).toBe(false);
    expect(within("::ffff:10.0.0.0/104", "10.255.0.1")).toBe(true);
    expect(within("192.0.2.7", "192.0.2.7")).toBe(true);
    expect(within("192.0.2.7", "192.0.2.6")).toBe(false);
  });

  test("tells loopback, unspecified and private addresses from public ones", () => {
    const kinds = (text: string) => {
      const address = parseAddress(text)!;
      return [isLoopback(address), isUnspecified(address), isPrivate(address)].map(Number).join("");
    };
    for (const text of ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"]) expect(kinds(text)).toBe("101");
    for (const text of ["0.0.0.0", "::"]) expect(kinds(text)).toBe("010");
    for (const text of [
      "10.1.2.3",
      "172.16.0.1",
      "192.168.1.1",
      "100.64.0.1",
      "169.254.169.254",
      "fd00::1",
      "fe80::1",
    ]) {
      expect(kinds(text)).toBe("001");
    }
    for (const text of ["128.0.0.1", "172.32.0.1", "100.128.0.1", "8.8.8.8", "2001:db8::1", "::2"]) {
      expect(kinds(text)).toBe("000");
    }
  });
});

describe("addressScope", () => {
  const scope = (text: string) => addressScope(parseAddress(text)!);

  test("knows the first and the last address of every network that is not public", () => {
    const ranges = [
      ["0.0.0.0", "0.255.255.255", "special"],
      ["10.0.0.0", "10.255.255.255", "private"],
      ["100.64.0.0", "100.127.255.255", "private"],
      ["127.0.0.0", "127.255.255.255", "private"],
      ["169.254.0.0", "169.254.255.255", "special"],
      ["172.16.0.0", "172.31.255.255", "private"],
      ["192.0.0.0", "192.0.0.255", "special"],
      ["192.0.2.0", "192.0.2.255", "special"],
      ["192.88.99.0", "192.88.99.255", "special"],
      ["192.168.0.0", "192.168.255.255", "private"],
      ["198.18.0.0", "198.19.255.255", "special"],
      ["198.51.100.0", "198.51.100.255", "special"],
      ["203.0.113.0", "203.0.113.255", "special"],
      ["224.0.0.0", "255.255.255.255", "special"],
      ["::2", "::ffff:ffff", "special"],
      ["2001::", "2001:1ff:ffff::", "special"],
      ["2001:db8::", "2001:db8:ffff::", "special"],
      ["2002::", "2002:ffff::", "special"],
      ["3fff::", "3fff:fff:ffff::", "special"],
      ["4000::", "fbff:ffff::", "special"],
      ["fc00::", "fdff:ffff::", "private"],
      ["fe00::", "ffff:ffff::", "special"],
    ] as const;
    for (const [first, last, expected] of ranges) {
      expect([first, scope(first), last, scope(last)]).toEqual([first, expected, last, expected]);
    }
  });

  test("takes what lies just outside of them for public", () => {
    const outside = ["1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"];
    const more = ["128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0"];
    const last = ["192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"];
    const v6 = ["2000::", "2001:200::", "2001:db9::", "2003::", "3ffe:ffff::"];
    for (const text of [...outside, ...more, ...last, ...v6]) expect([text, scope(text)]).toEqual([text, "public"]);
  });

  test("judges NAT64 and mapped addresses by the IPv4 address in them", () => {
    expect(scope("64:ff9b::8.8.8.8")).toBe("public");
    expect(scope("64:ff9b::10.0.0.1")).toBe("special");
    expect(scope("::ffff:10.0.0.1")).toBe("private");
    expect(scope("::ffff:8.8.8.8")).toBe("public");
  });

  test("never calls public what isPrivate, isLoopback or isUnspecified know", () => {
    void fc.assert(
      fc.property(fc.oneof(v4, v6), (text) => {
        const address = parseAddress(text)!;
        if (isPrivate(address) || isUnspecified(address)) expect(addressScope(address)).not.toBe("public");
      }),
    );
  });
});
