import { describe, expect, test } from "bun:test";
import type { PermissionDecision } from "../../src/agent/agent.ts";
import { PERMISSION_TIMEOUT_MS, type PermissionRequest, Permissions } from "../../src/runs/permissions.ts";
import { ManualClock } from "../support/clock.ts";

function open() {
  const clock = new ManualClock();
  const permissions = new Permissions(clock);
  const asked: PermissionRequest[] = [];
  const settled: string[] = [];
  const listen = () =>
    permissions.subscribe({
      asked: (request) => asked.push(request),
      settled: (request, decision) => settled.push(`${request.title} ${decision}`),
    });
  const decided: PermissionDecision[] = [];
  const ask = (title: string, run_id = "r1") => {
    const options: readonly PermissionDecision[] = ["allow", "deny"];
    permissions.ask({ run_id, session_id: "s", title, options }, (decision) => decided.push(decision));
  };
  return { clock, permissions, asked, settled, listen, decided, ask };
}

describe("Permissions", () => {
  test("answers no at once when nobody is there to be asked", () => {
    const { ask, decided, clock } = open();
    ask("rm -rf");
    expect(decided).toEqual(["deny"]);
    expect(clock.timers).toBe(0);
  });

  test("answers no at once when only those of other runs listen; one whose run has not begun may be its own", () => {
    const { permissions, ask, decided } = open();
    const listener = { run_id: null as string | null, asked: () => {}, settled: () => {} };
    permissions.subscribe(listener);
    ask("write");
    expect(decided).toEqual([]);
    listener.run_id = "r2";
    ask("delete");
    expect(decided).toEqual(["deny"]);
    ask("send", "r2");
    expect(permissions.pending().map(({ title }) => title)).toEqual(["write", "send"]);
  });

  test("waits for somebody who is coming back, for a minute", () => {
    const { permissions, ask, decided, listen, asked, clock } = open();
    permissions.ask(
      { run_id: "r1", session_id: "s", title: "write", options: ["allow", "deny"] },
      (decision) => decided.push(decision),
      { waits: true },
    );
    expect(decided).toEqual([]);
    listen();
    expect(permissions.pending().map(({ title }) => title)).toEqual(["write"]);
    permissions.answer(permissions.pending()[0]?.request_id ?? "", "allow");
    expect(decided).toEqual(["allow"]);
    expect(asked).toEqual([]);
    ask("delete");
    clock.advance(PERMISSION_TIMEOUT_MS);
    expect([decided, clock.timers]).toEqual([["allow", "deny"], 0]);
  });

  test("asks everybody who listens, and takes the first answer", () => {
    const { permissions, ask, asked, decided, listen, settled, clock } = open();
    listen();
    listen();
    ask("write");
    expect(asked.map(({ title }) => title)).toEqual(["write", "write"]);
    const { request_id } = asked[0]!;
    expect(permissions.answer(request_id, "allow")).toBe(true);
    expect(permissions.answer(request_id, "deny")).toBe(false);
    expect(decided).toEqual(["allow"]);
    expect(settled).toEqual(["write allow", "write allow"]);
    expect(clock.timers).toBe(0);
  });

  test("answers no after a minute", () => {
    const { ask, decided, listen, clock, settled, permissions } = open();
    listen();
    ask("write");
    clock.advance(PERMISSION_TIMEOUT_MS - 1);
    expect(decided).toEqual([]);
    clock.advance(1);
    expect(decided).toEqual(["deny"]);
    expect(settled).toEqual(["write deny"]);
    expect(permissions.pending()).toEqual([]);
  });

  test("takes no decision that was not offered, but always a no", () => {
    const { permissions, ask, asked, decided, listen } = open();
    listen();
    ask("write");
    expect(permissions.answer(asked[0]!.request_id, "always")).toBe(false);
    expect(decided).toEqual([]);
    expect(permissions.answer(asked[0]!.request_id, "deny")).toBe(true);
    expect(decided).toEqual(["deny"]);
  });

  test("keeps a question for those who come back within the minute", () => {
    const { permissions, ask, decided, listen, clock } = open();
    const leave = listen();
    ask("write");
    leave();
    expect(permissions.listeners).toBe(0);
    clock.advance(30_000);
    const [pending] = permissions.pending();
    expect(pending).toMatchObject({ run_id: "r1", session_id: "s", title: "write", options: ["allow", "deny"] });
    expect(permissions.answer(pending!.request_id, "allow")).toBe(true);
    expect(decided).toEqual(["allow"]);
  });

  test("withdraws the questions of a run that has ended, and no others", () => {
    const { permissions, ask, decided, listen } = open();
    listen();
    ask("one", "r1");
    ask("two", "r2");
    permissions.withdraw("r1");
    expect(decided).toEqual(["deny"]);
    expect(permissions.pending().map(({ title }) => title)).toEqual(["two"]);
  });
});
