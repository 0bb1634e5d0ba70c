import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../../src/cli/exit-codes.ts";
import { LocalClient, Refused } from "../../src/cli/local-client.ts";
import { readRunning } from "../../src/cli/running.ts";
import { unreachable } from "../../src/cli/unreachable.ts";
import { localScene, problem } from "../support/cli.ts";
import { ManualClock } from "../support/clock.ts";

const DOING = "list the devices";
const scene = localScene();

function client(clock = new ManualClock()): LocalClient {
  return new LocalClient(scene.dir, clock);
}

function running(pid = process.pid): Promise<void> {
  const note = { pid, host: "::1", port: 8585, started_at: "2026-11-22T12:00:00.000Z", version: "0.1.0" };
  return writeFile(join(scene.dir, "gateway.json"), JSON.stringify(note));
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error("It did not fail");
}

test("LocalClient.ask() sends JSON and reads the object of the answer", async () => {
  const gateway = scene.serveWith(() => Response.json({ a: 1 }));
  const request = { method: "PATCH", path: "/api/devices/x?y=1", body: { name: "é" }, doing: DOING } as const;
  expect(await client().ask(request)).toEqual({ a: 1 });
  expect(gateway.requests).toEqual([{ line: "PATCH /api/devices/x?y=1", body: '{"name":"é"}' }]);
});

test("LocalClient.ask() takes 204 for an empty answer", async () => {
  scene.serveWith(() => new Response(null, { status: 204 }));
  expect(await client().ask({ path: "/", doing: DOING })).toEqual({});
});

test("LocalClient.ask() tells a problem's detail, and keeps its code", async () => {
  scene.serveWith(() => problem(404, "not_found", "There is no such device."));
  const error = await failure(client().ask({ path: "/", doing: DOING }));
  expect(error).toBeInstanceOf(Refused);
  expect(error).toMatchObject({
    message: "Cannot list the devices: There is no such device.",
    status: 404,
    code: "not_found",
  });
});

test.each([
  ["text", () => new Response("hello")],
  ["a list", () => Response.json([])],
  ["an error page", () => new Response("<html>", { status: 500 })],
])("LocalClient.ask() says that it does not understand %s", async (_name, answer) => {
  scene.serveWith(answer);
  expect((await failure(client().ask({ path: "/", doing: DOING }))).message).toMatch(
    /^Cannot list the devices: the gateway answered \d{3} in a way that this version of zeroclaw does not understand\./,
  );
});

test("LocalClient.stream() refuses an answer that is no event stream", async () => {
  scene.serveWith(() => Response.json({}));
  const error = await failure(client().stream({ path: "/", doing: DOING }, new AbortController().signal));
  expect(error.message).toContain("does not understand");
});

test("LocalClient.ask() gives up after 30 seconds", async () => {
  const arrived = Promise.withResolvers<void>();
  scene.serveWith(() => {
    arrived.resolve();
    return new Promise(() => {});
  });
  const clock = new ManualClock();
  const asked = failure(client(clock).ask({ path: "/", doing: DOING }));
  await arrived.promise;
  clock.advance(30_000);
  expect((await asked).message).toContain("did not answer within 30 seconds");
});

test("LocalClient.ask() waits as long as a request says that it may take", async () => {
  const arrived = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  scene.serveWith(() => {
    arrived.resolve();
    return answer.promise;
  });
  const clock = new ManualClock();
  const asked = client(clock).ask({ path: "/", doing: DOING, answerMs: 240_000 });
  await arrived.promise;
  clock.advance(239_999);
  answer.resolve(Response.json({ late: true }));
  expect(await asked).toEqual({ late: true });
});

test("LocalClient.ask() leaves no timer behind", async () => {
  scene.serveWith(() => Response.json({}));
  const clock = new ManualClock();
  await client(clock).ask({ path: "/", doing: DOING });
  expect(clock.timers).toBe(0);
});

test("LocalClient.ask() says that no gateway runs, how to start one, and how to name another folder", async () => {
  expect((await failure(client().ask({ path: "/", doing: DOING }))).message).toBe(
    `Cannot list the devices: no gateway runs on ${scene.dir}.\n` +
      "Start one: zeroclaw gateway\n" +
      "If it runs with another folder, name that: ZEROCLAW_CONFIG_DIR=<folder>",
  );
});

test("LocalClient.ask() says that a running gateway's socket is missing", async () => {
  await running();
  const { message } = await failure(client().ask({ path: "/", doing: DOING }));
  expect(message).toContain(`a gateway runs on ${scene.dir} (pid ${process.pid}, [::1]:8585), but `);
  expect(message).toContain("gateway.sock is missing");
});

test("LocalClient.ask() says that a path is too long for a socket", async () => {
  const long = join(scene.dir, "x".repeat(100));
  await mkdir(long);
  await writeFile(join(long, "gateway.json"), JSON.stringify({ pid: process.pid, host: "127.0.0.1", port: 1 }));
  const error = await failure(new LocalClient(long, new ManualClock()).ask({ path: "/", doing: DOING }));
  expect(error.message).toContain("is too long for one (");
  expect(error.message).toContain("Restart it with a folder whose path is shorter: ZEROCLAW_CONFIG_DIR=<folder>");
});

test("unreachable() says whose the socket is when it may not be opened", async () => {
  const cause = Object.assign(new Error("no"), { code: "EACCES" });
  const error = await unreachable(scene.dir, DOING, cause);
  expect(error).toBeInstanceOf(CommandError);
  expect(error.message).toContain("belongs to another user.\nRun this as the user that runs the gateway.");
});

test("LocalClient.ask() says that the connection was closed before the answer", async () => {
  const server = Bun.listen({
    unix: join(scene.dir, "gateway.sock"),
    socket: { data: (socket) => void socket.end() },
  });
  const error = await failure(client().ask({ method: "POST", path: "/", doing: DOING }));
  server.stop(true);
  expect(error.message).toContain("closed the connection before it answered");
});

test("readRunning() believes only a note with a living process", async () => {
  expect(await readRunning(scene.dir)).toBeNull();
  await running();
  expect(await readRunning(scene.dir)).toMatchObject({ pid: process.pid, port: 8585 });
  expect(await readRunning(scene.dir, () => false)).toBeNull();
});

test.each([
  "",
  "{",
  "[]",
  '{"pid":0,"host":"a","port":1}',
  '{"pid":-1,"host":"a","port":1}',
  '{"pid":"7"}',
  '{"pid":7}',
])("readRunning() takes the note %p for none", async (text) => {
  await writeFile(join(scene.dir, "gateway.json"), text);
  expect(await readRunning(scene.dir, () => true)).toBeNull();
});
