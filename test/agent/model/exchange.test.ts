import { afterEach, expect, test } from "bun:test";
import { Exchange } from "../../../src/agent/model/exchange.ts";
import { ModelLine } from "../../../src/agent/model/line.ts";
import { answer, ModelServer } from "../../fakes/model-server.ts";
import { agentParts } from "../../support/agent-parts.ts";
import { agentAt, eventsOf, textOf, turnOf } from "./support/ask.ts";

const servers: ModelServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function serving(): Promise<ModelServer> {
  const server = await ModelServer.start();
  servers.push(server);
  return server;
}

test("what tells the requests of turns apart does not reach the server", async () => {
  const server = await serving();
  server.next(answer("Hello"));
  expect(textOf(await eventsOf(agentAt(server.url).agent, turnOf("Hi")))).toBe("Hello");
  const sent = server.requests.flatMap(({ headers }) => Object.keys(headers));
  expect(sent.filter((name) => name.toLowerCase().startsWith("x-zeroclaw"))).toEqual([]);
});

test("a request of a turn that is over goes nowhere", async () => {
  const server = await serving();
  const parts = agentParts();
  const exchange = new Exchange(parts.fetch);
  let send: typeof fetch = fetch;
  const sdk = {
    model: (_target: unknown, given: typeof fetch) => {
      send = given;
      return "model";
    },
  };
  // as: only the model is asked for, and only its fetch is looked at.
  exchange.model(sdk as never, {} as never, true);
  const line = new ModelLine({ shown: server.url } as never, parts); // as: the line is never used
  const { headers, leave } = exchange.connect(line);
  expect(exchange.size).toBe(1);
  leave();
  expect(exchange.size).toBe(0);
  const refused = await Promise.resolve(send(server.url, { headers })).then(
    () => "sent",
    (error: unknown) => String(error),
  );
  expect(refused).toContain("belongs to no turn");
  expect(server.requests).toEqual([]);
});
