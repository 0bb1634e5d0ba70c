import { describe, expect, test } from "bun:test";
import { findDestination } from "../../src/replies/destination.ts";

const PUBLIC = "140.82.121.6";

function resolving(...addresses: readonly string[]) {
  return async () => addresses;
}

const unknownName = async () => {
  throw new Error("ENOTFOUND");
};

async function refused(url: string, allowPrivate = false, resolve = resolving(PUBLIC)) {
  const found = await findDestination(url, allowPrivate, resolve);
  return "permanent" in found ? found : null;
}

describe("findDestination", () => {
  test("keeps the URL's host for Host and the certificate, and the checked address for the connection", async () => {
    const found = await findDestination("https://hooks.example:8443/a/b?c=d#e", false, resolving(PUBLIC));
    expect(found).toEqual({
      host: "hooks.example:8443",
      serverName: "hooks.example",
      urls: [`https://${PUBLIC}:8443/a/b?c=d`],
    });
  });

  test("tries IPv4 before IPv6, and no more than four addresses", async () => {
    const many = ["2606:4700::1111", "1.1.1.1", "1.0.0.1", "8.8.8.8", "8.8.4.4"];
    expect(await findDestination("http://many.example/", false, resolving(...many))).toMatchObject({
      host: "many.example",
      urls: ["http://1.1.1.1/", "http://1.0.0.1/", "http://8.8.8.8/", "http://8.8.4.4/"],
    });
    expect(await findDestination("http://six.example/", false, resolving("2606:4700::1111"))).toMatchObject({
      urls: ["http://[2606:4700::1111]/"],
    });
  });

  test("asks for no certificate name when the URL has an address, and none with a trailing dot", async () => {
    expect(await findDestination("https://[2606:4700::1111]/", false, unknownName)).toMatchObject({ serverName: null });
    expect(await findDestination("https://hooks.example./", false, resolving(PUBLIC))).toMatchObject({
      serverName: "hooks.example",
    });
  });

  test.each([
    ["not a URL", "hooks.example"],
    ["another scheme", "ftp://hooks.example/"],
    ["a file", "file:///etc/passwd"],
    ["S3, which Bun's fetch would speak", "s3://bucket/key"],
    ["data", "data:text/plain,x"],
    ["a user name", "https://admin@hooks.example/"],
    ["a password", "https://:secret@hooks.example/"],
  ])("refuses %s for good", async (_what, url) => {
    const result = await refused(url);
    expect(result?.permanent).toBe(true);
    expect(result?.detail).not.toContain("secret");
  });

  test.each([
    ["loopback", "http://127.0.0.1/"],
    ["loopback's other end", "http://127.255.255.254/"],
    ["loopback as one number", "http://2130706433/"],
    ["loopback in hexadecimal", "http://0x7f.1/"],
    ["loopback in octal", "http://0177.0.0.1/"],
    ["loopback, mapped", "http://[::ffff:127.0.0.1]/"],
    ["loopback, IPv6", "http://[::1]/"],
    ["RFC 1918", "http://10.1.2.3/"],
    ["RFC 1918, mapped", "http://[::ffff:a01:203]/"],
    ["RFC 1918, second", "http://172.31.255.255/"],
    ["RFC 1918, third", "http://192.168.0.1/"],
    ["carrier-grade NAT", "http://100.64.0.1/"],
    ["unique local", "http://[fd12:3456::1]/"],
  ])("refuses %s unless private addresses are allowed", async (_what, url) => {
    const result = await refused(url, false, unknownName);
    expect(result).toMatchObject({ permanent: false });
    expect(result?.detail).toContain("reply_private");
    expect(await refused(url, true, unknownName)).toBeNull();
  });

  test.each([
    ["unspecified", "http://0.0.0.0/"],
    ["unspecified, short", "http://0/"],
    ["this network", "http://0.1.2.3/"],
    ["unspecified, IPv6", "http://[::]/"],
    ["link-local metadata", "http://169.254.169.254/latest/meta-data/"],
    ["link-local metadata, mapped", "http://[::ffff:169.254.169.254]/"],
    ["Azure's metadata", "http://168.63.129.16/"],
    ["Alibaba's metadata", "http://100.100.100.200/"],
    ["Amazon's metadata, IPv6", "http://[fd00:ec2::254]/"],
    ["Google's metadata, IPv6", "http://[fd20:ce::254]/"],
    ["link-local, IPv6", "http://[fe80::1]/"],
    ["site-local", "http://[fec0::1]/"],
    ["multicast", "http://224.0.0.1/"],
    ["multicast, IPv6", "http://[ff02::1]/"],
    ["broadcast", "http://255.255.255.255/"],
    ["reserved", "http://240.0.0.1/"],
    ["documentation", "http://192.0.2.1/"],
    ["documentation, IPv6", "http://[2001:db8::1]/"],
    ["benchmarking", "http://198.18.0.1/"],
    ["IPv4-compatible", "http://[::7f00:1]/"],
    ["NAT64 of loopback", "http://[64:ff9b::7f00:1]/"],
    ["NAT64 of RFC 1918", "http://[64:ff9b::a00:1]/"],
    ["local NAT64", "http://[64:ff9b:1::1]/"],
    ["6to4 of RFC 1918", "http://[2002:a00:1::1]/"],
    ["Teredo", "http://[2001:0:4136:e378::1]/"],
    ["SIIT", "http://[::ffff:0:7f00:1]/"],
  ])("refuses %s even where private addresses are allowed", async (_what, url) => {
    for (const allowPrivate of [false, true]) {
      expect(await refused(url, allowPrivate, unknownName)).toMatchObject({ permanent: false });
    }
  });

  test("takes a public address, also behind the NAT64 of an IPv6-only network", async () => {
    for (const address of [PUBLIC, "2606:4700::1111", "64:ff9b::8c52:7906"]) {
      expect(await refused("https://api.example/", false, resolving(address))).toBeNull();
    }
  });

  test("refuses a name that leads to a public and to a private address, in whatever order", async () => {
    for (const addresses of [
      [PUBLIC, "10.0.0.1"],
      ["::1", PUBLIC],
      [PUBLIC, "1.1.1.1", "8.8.8.8", "9.9.9.9", "127.0.0.1"],
    ]) {
      const result = await refused("https://both.example/", false, resolving(...addresses));
      expect(result?.detail).toContain('"both.example" leads to');
    }
  });

  test("refuses a name without addresses, one with an unreadable one, and one that nobody knows", async () => {
    for (const resolve of [resolving(), resolving(PUBLIC, "127.1"), unknownName]) {
      expect(await refused("https://who.example/", true, resolve)).toEqual({
        detail: 'The name "who.example" cannot be resolved',
        permanent: false,
      });
    }
  });
});
