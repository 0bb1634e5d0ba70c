import { describe, expect, test } from "bun:test";
import { ConfigReadOnly } from "../../src/config/config-error.ts";
import { toProblem } from "../../src/gateway/problems.ts";
import { Problem } from "../../src/protocol/problem.ts";
import { StoreUnavailable } from "../../src/store/store.ts";

describe("toProblem", () => {
  test("leaves a Problem as it is", () => {
    const problem = new Problem("not_found");
    expect(toProblem(problem)).toBe(problem);
  });

  test("makes store_unavailable of a store that cannot write, to be sent again, without saying why", () => {
    const problem = toProblem(new StoreUnavailable("disk full (SQLITE_FULL) /home/u/state.db"));
    expect([problem.code, problem.status, problem.headers["Retry-After"]]).toEqual(["store_unavailable", 503, "5"]);
    expect(problem.message).toContain("send it again");
    expect(JSON.stringify(problem.body("id"))).not.toContain("SQLITE");
  });

  test("makes config_read_only of a file that cannot be written", () => {
    expect(toProblem(new ConfigReadOnly("/x/config.toml", "EROFS"))).toMatchObject({
      code: "config_read_only",
      status: 500,
    });
  });

  test("makes internal of everything else, with the cause for the log only", () => {
    for (const thrown of [new TypeError("x is not a function"), "text", null, 7, { code: "not_found" }]) {
      const problem = toProblem(thrown);
      expect([problem.code, problem.status, problem.cause]).toEqual(["internal", 500, thrown]);
      expect(JSON.stringify(problem.body("id"))).not.toContain("function");
    }
    expect(toProblem(undefined).code).toBe("internal");
  });
});
