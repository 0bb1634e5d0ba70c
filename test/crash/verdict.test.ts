import { describe, expect, test } from "bun:test";
import { seeded } from "../fakes/seeded.ts";
import { type Delivery, deliveryMaker, type Kind } from "./deliveries.ts";
import { type Evidence, type Found, judge, type Sent } from "./verdict.ts";

function delivery(kind: Kind): Delivery {
  return deliveryMaker(seeded(1), "zc_test", [kind])();
}

/** What is there when every promise was kept: one delivery of `kind`, acknowledged, completed, answered. */
function kept(kind: Kind, change: Partial<Found> = {}, acknowledged = true): Evidence & { readonly one: Found } {
  const what = delivery(kind);
  const one: Found = {
    event_id: "e1",
    id: what.id,
    state: "done",
    listed: "done",
    completions: 1,
    answers: 1,
    replies: kind === "webhook" ? [] : ["sent"],
    ...change,
  };
  const sent: Sent = { delivery: what, acknowledged, event_ids: new Set(acknowledged ? ["e1"] : []) };
  return {
    one,
    sent: new Map([[what.id, sent]]),
    found: [one],
    comments: kind === "github" ? { e1: 1 } : {},
    messages: kind === "whatsapp" ? { [what.id]: 1 } : {},
  };
}

describe("the judge of a crash run", () => {
  test.each(["github", "whatsapp", "webhook"] as const)("finds nothing wrong with a kept %s delivery", (kind) => {
    expect(judge(kept(kind)).violations).toEqual([]);
  });

  test("lets an unacknowledged delivery be there or not", () => {
    const there = kept("webhook", {}, false);
    expect(judge(there)).toMatchObject({ violations: [], counts: { kept_though_unacknowledged: 1 } });
    expect(judge({ ...there, found: [] }).violations).toEqual([]);
  });

  test("lets a WhatsApp answer be uncertain, whether it arrived or not", () => {
    const evidence = kept("whatsapp", { replies: ["uncertain"] });
    expect(judge(evidence)).toMatchObject({ violations: [], counts: { uncertain_though_sent: 1 } });
    expect(judge({ ...evidence, messages: {} }).violations).toEqual([]);
  });

  const twice = kept("webhook");
  test.each<[string, Evidence]>([
    ["is not there", { ...kept("webhook"), found: [] }],
    ["stored 2 times", { ...twice, found: [twice.one, { ...twice.one, event_id: "e2" }] }],
    ["that event is not there", kept("webhook", { event_id: "e2" })],
    ["its state is running", kept("webhook", { state: "running", listed: "running" })],
    ["the API says null", kept("webhook", { listed: null })],
    ["0 recorded completions", kept("webhook", { completions: 0 })],
    ["2 recorded completions", kept("webhook", { completions: 2 })],
    ["2 answers", kept("webhook", { answers: 2 })],
    ["0 comments", { ...kept("github"), comments: {} }],
    ["2 comments", { ...kept("github"), comments: { e1: 2 } }],
    ["2 replies", kept("github", { replies: ["sent", "sent"] })],
    ["its reply is dead", kept("github", { replies: ["dead"] })],
    ["its reply is none", kept("whatsapp", { replies: [] })],
    ["its reply is sent, and 0 messages arrived", { ...kept("whatsapp"), messages: {} }],
    ["2 messages", { ...kept("whatsapp"), messages: { [delivery("whatsapp").id]: 2 } }],
    ["is of no delivery", kept("webhook", { id: null })],
    ["a comment answers e9", { ...kept("github"), comments: { e1: 1, e9: 1 } }],
  ])("notices: %s", (what, evidence) => {
    expect(judge(evidence).violations.join("\n")).toContain(what);
  });
});
