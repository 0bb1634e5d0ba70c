import { afterEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { explain, type FetchHandler, type LocalFetchHandler, listen, listenLocal } from "../../src/gateway/listen.ts";
import { portOwner } from "../../src/gateway/port-owner.ts";
import { StartError } from "../../src/gateway/start-error.ts";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanup.splice(0).reverse()) await task();
});

const hello = async () => new Response("hello");
const sockets = { message: () => undefined };

function open(host = "127.0.0.1", port = 0, fetch: FetchHandler = hello) {
  const server = listen(host, port, fetch, sockets);
  cleanup.push(() => server.stop(true));
  return server;
}

function refusal(host: string, port: number): string {
  try {
    open(host, port);
  } catch (error) {
    if (error instanceof StartError) return error.message;
    throw error;
  }
  throw new Error(`${host}:${port} was opened`);
}

describe("listen", () => {
  test("opens a free port when it is 0, and IPv6 addresses with brackets or without", async () => {
    for (const host of ["127.0.0.1", "::1", "[::1]"]) {
      const { port } = open(host);
      expect(port).toBeGreaterThan(0);
      const url = host.includes(":") ? `http://[::1]:${port}/` : `http://${host}:${port}/`;
      expect(await (await fetch(url)).text()).toBe("hello");
    }
  });

  test("says who has the port, and what to do", () => {
    const { port = 0 } = open();
    const message = refusal("127.0.0.1", port);
    expect(message).toStartWith(`Cannot listen on 127.0.0.1:${port}: the port is in use by `);
    expect(message).toContain(`(pid ${process.pid})`);
    expect(message).toContain("zeroclaw gateway -p 9090");
    expect(message).toEndWith("zeroclaw gateway -p 0");
  });

  test("says that an address is not this machine's", () => {
    expect(refusal("203.0.113.1", 0)).toContain("this machine has no such address");
  });

  test("answers what the handler does not with 500, and nothing of why", async () => {
    const { port } = open("127.0.0.1", 0, () => Promise.reject(new Error("planted failure")));
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("Something went wrong in the gateway.\n");
  });
});

describe("explain", () => {
  const failure = (code: string, message = "no") => Object.assign(new Error(message), { code });

  test.each([
    [
      "EACCES",
      80,
      "permission denied. Ports below 1024 need special rights. Choose a higher one: zeroclaw gateway -p 8585",
    ],
    ["EADDRNOTAVAIL", 8585, "zeroclaw gateway --host 127.0.0.1"],
    ["EINVAL", 8585, '"h.invalid" is no address and no host name that can be resolved'],
    ["ENOTFOUND", 8585, '"h.invalid" is no address'],
    ["EMFILE", 8585, "no. Try another address"],
  ])("%s: what was being done, what was found, what to do next", (code, port, words) => {
    const message = explain("h.invalid", port, failure(code));
    expect(message).toStartWith(`Cannot listen on h.invalid:${port}: `);
    expect(message).toContain(words);
  });

  test("writes IPv6 addresses so that the port can be told from them, once", () => {
    expect(explain("::1", 80, failure("EACCES"))).toStartWith("Cannot listen on [::1]:80: ");
    expect(explain("[::1]", 80, failure("EACCES"))).toStartWith("Cannot listen on [::1]:80: ");
  });

  test("goes without a name when nobody can be found who has the port", () => {
    expect(explain("127.0.0.1", 1, failure("EADDRINUSE"))).toContain(
      "127.0.0.1:1: the port is in use. Stop that program",
    );
  });

  test("copes with what is no Error", () => {
    expect(explain("h", 1, "odd")).toContain("odd");
  });
});

describe("portOwner", () => {
  test("is the process that listens, on IPv4 and on IPv6", () => {
    for (const host of ["127.0.0.1", "::1"]) {
      const owner = portOwner(open(host).port ?? 0);
      expect(owner?.pid).toBe(process.pid);
      expect(owner?.name).not.toBe("");
    }
  });

  test("is null for a port that nobody listens on", () => {
    expect(portOwner(1)).toBeNull();
    expect(portOwner(70_000)).toBeNull();
  });
});

describe("listenLocal", () => {
  function folder(): string {
    const dir = mkdtempSync(join(tmpdir(), "zc-"));
    cleanup.push(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  }

  function openLocal(path: string, fetch: LocalFetchHandler = hello) {
    const local = listenLocal(path, fetch);
    if ("server" in local) cleanup.push(() => local.server.stop(true));
    return local;
  }

  test("makes a socket that only its user can open, also in place of one that was left behind", async () => {
    const path = join(folder(), "gateway.sock");
    writeFileSync(path, "left by a process that was killed");
    const mask = process.umask();
    expect(openLocal(path)).toHaveProperty("server");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(process.umask()).toBe(mask);
    expect(await (await fetch("http://localhost/", { unix: path })).text()).toBe("hello");
  });

  test("takes no WebSocket", async () => {
    const path = join(folder(), "gateway.sock");
    openLocal(path, async () => undefined);
    expect((await fetch("http://localhost/ws", { unix: path })).status).toBe(426);
  });

  test("says why it cannot: a path too long for the system, counted in bytes, or a folder in its place", () => {
    const long = openLocal(`/tmp/${"é".repeat(60)}/gateway.sock`);
    expect(long).toEqual({ reason: expect.stringContaining("its path is longer than the 10") });
    const dir = folder();
    mkdirSync(join(dir, "gateway.sock", "inner"), { recursive: true });
    const mask = process.umask();
    expect(openLocal(join(dir, "gateway.sock"))).toHaveProperty("reason");
    expect(process.umask()).toBe(mask);
  });
});
