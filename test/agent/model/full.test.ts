import { expect, test } from "bun:test";
import { answer, ending, gate, ModelServer } from "../../fakes/model-server.ts";
import { agentAt, eventsOf, failureOf, textOf, turnOf } from "./support/ask.ts";

test("the 193rd question at once is refused, and room is made by an answer that is over", async () => {
  const server = await ModelServer.start();
  try {
    const first = gate();
    const others = gate();
    server.next({ parts: [first.part, { say: "First" }, ending("stop")] });
    server.fallback = { parts: [others.part, { say: "Then" }, ending("stop")] };
    const { agent } = agentAt(server.url);
    const ask = () => eventsOf(agent, turnOf("Hello")).then(textOf);
    const one = ask();
    await server.arrived(1);
    const rest = Array.from({ length: 191 }, ask);
    const failure = await failureOf(agent);
    expect([failure.code, failure.retryAfter, failure.permanent]).toEqual(["agent_unavailable", 5, false]);
    expect(failure.message).toContain("is answering 192 questions already");
    first.open();
    expect(await one).toBe("First");
    await server.arrived(192);
    server.next(answer("Room"));
    expect(await ask()).toBe("Room");
    others.open();
    expect(new Set(await Promise.all(rest))).toEqual(new Set(["Then"]));
  } finally {
    await server.stop();
  }
});
