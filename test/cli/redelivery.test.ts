import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { redelivery } from "../../src/cli/redelivery.ts";
import { CHANNEL_KINDS } from "../../src/config/settings.ts";

// Every scheme, in the words of its setting: 'hmac' | 'standard-webhooks' | …
const SCHEMES = CHANNEL_KINDS.custom.scheme.type.split(" | ").map((word) => word.replaceAll("'", ""));
const KINDS = ["github", "whatsapp", ...SCHEMES];

test.each(KINDS)("redelivery(%p) says something, with and without an id", (kind) => {
  for (const id of ["", "msg_1"]) expect(redelivery(kind, id)).toMatch(/ again|list of deliveries/);
});

test("redelivery() names the delivery where its sender's list has it", () => {
  const guid = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
  for (const kind of ["github", "standard-webhooks", "hmac"]) expect(redelivery(kind, guid)).toContain(guid);
});

test("redelivery() knows nothing of a source whose kind is unknown, not even of those that objects are born with", () => {
  for (const kind of ["", "nothing", "constructor", "__proto__", "toString"])
    expect(redelivery(kind, "")).toBe(redelivery("hmac", ""));
});

test("redelivery() puts nothing into a command line that a shell would read as more than a word", () => {
  void fc.assert(
    fc.property(fc.constantFrom(...KINDS), fc.string(), (kind, tail) => {
      const id = `d1${tail}`;
      const plain = /^[A-Za-z0-9_.-]*$/.test(id) && id.length <= 100;
      expect(redelivery(kind, id)).toBe(redelivery(kind, plain ? id : ""));
    }),
  );
});
