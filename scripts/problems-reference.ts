import { PROBLEMS } from "../src/protocol/problem.ts";

/** docs/problems.md, from the catalogue. */
export function problemsReference(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, title }]) => `| \`${code}\` | ${status} | ${title} |`);
  return `# Problems

Every way the gateway can refuse. Over HTTP a refusal is \`application/problem+json\` (RFC 9457), over a WebSocket an \`error\` frame; both carry \`code\`
and \`detail\`, which says what was found this time and what to do about it. Codes never change their meaning; new ones may come.

| code | status | meaning |
|---|---|---|
${rows.join("\n")}

\`request_id\` of an answer is in the gateway's log as well. 401 carries \`WWW-Authenticate\`, 405 \`Allow\`, 426 \`Upgrade\`, and 409, 429 and 503
\`Retry-After\` where waiting helps. A run that was cancelled or failed ends with one of these codes too.

This page is made from \`src/protocol/problem.ts\`.
`;
}
