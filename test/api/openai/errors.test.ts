import { describe, expect, test } from "bun:test";
import { OpenAiProblem, openaiError } from "../../../src/api/openai/errors.ts";
import { PROBLEMS, Problem, type ProblemCode } from "../../../src/protocol/problem.ts";

const errorOf = (problem: Problem) => {
  const { body, ...answer } = openaiError(problem, "r1");
  return { ...answer, ...JSON.parse(String(body)) };
};

describe("openaiError", () => {
  test.each(Object.keys(PROBLEMS) as ProblemCode[])("gives %s the fields that OpenAI's clients read", (code) => {
    const { error, status, type } = errorOf(new Problem(code, { detail: "What was found." }));
    expect({ status, type }).toEqual({ status: PROBLEMS[code].status, type: "application/json; charset=utf-8" });
    expect(error).toEqual({
      message: "What was found.",
      type: expect.stringMatching(/^(invalid_request_error|requests|server_error)$/),
      param: null,
      code: expect.any(String),
      zeroclaw_code: code,
    });
  });

  test.each([
    ["unauthorized", "invalid_request_error", "invalid_api_key"],
    ["pair_first", "invalid_request_error", "invalid_api_key"],
    ["forbidden_scope", "invalid_request_error", "forbidden_scope"],
    ["not_found", "invalid_request_error", "not_found"],
    ["too_large", "invalid_request_error", "too_large"],
    ["rate_limited", "requests", "rate_limit_exceeded"],
    ["session_busy", "requests", "rate_limit_exceeded"],
    ["agent_failed", "server_error", "agent_failed"],
    ["internal", "server_error", "internal"],
  ] as const)("%s is of the type %s with the code %s", (code, type, openaiCode) => {
    expect(errorOf(new Problem(code)).error).toMatchObject({ type, code: openaiCode });
  });

  test("keeps the headers, and says when to come back where the catalogue does", () => {
    expect(errorOf(new Problem("rate_limited", { retryAfter: 7 })).headers).toEqual({ "Retry-After": "7" });
    expect(errorOf(new Problem("shutting_down")).headers).toEqual({ "Retry-After": "5" });
    expect(errorOf(new Problem("method_not_allowed", { headers: { Allow: "GET" } })).headers).toEqual({ Allow: "GET" });
  });

  test("tells OpenAI's clients not to ask again where that is no use", () => {
    const told = (code: ProblemCode) => errorOf(new Problem(code)).headers["X-Should-Retry"];
    expect(told("agent_failed")).toBe("false");
    expect(told("agent_timeout")).toBe("false");
    expect(told("too_many_bad_tokens")).toBe("false");
    expect(told("rate_limited")).toBeUndefined();
    expect(told("agent_unavailable")).toBeUndefined();
  });

  test("a request's own refusal has its field and OpenAI's code", () => {
    const refusal = { param: "messages[0].role", openaiCode: "unsupported_content", detail: "No." };
    expect(errorOf(new OpenAiProblem("bad_field", refusal)).error).toEqual({
      message: "No.",
      type: "invalid_request_error",
      param: "messages[0].role",
      code: "unsupported_content",
      zeroclaw_code: "bad_field",
    });
  });
});
