import { configDir } from "../config/paths.ts";
import { SCOPES } from "../protocol/principal.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { codeBlock } from "./gateway-banner.ts";
import { LocalClient } from "./local-client.ts";
import { printableLine } from "./printable.ts";
import { cell, rowsOf } from "./rows.ts";
import { table } from "./table.ts";

/** `zeroclaw gateway get-paircode`: the running gateway's code, or a new one. Logs nobody out. */
export async function getPaircode(context: Context): Promise<number> {
  const { args, terminal, clock, env } = context;
  const body = requestBody(context);
  const fresh = args.flag("new");
  const answer = await new LocalClient(configDir(env), clock).ask({
    path: "/local/paircode",
    doing: fresh ? "make a pairing code" : "get the pairing code",
    ...(fresh ? { method: "POST", body } : {}),
  });
  const code = cell(answer, "code");
  const further = rowsOf(answer["further"]);
  if (args.flag("json")) terminal.json(answer);
  else if (code !== "") {
    const title = `🔐 ${fresh ? "New " : ""}Pairing Code: ${code}`;
    const left = Date.parse(cell(answer, "expires_at")) - clock.now();
    terminal.print(codeBlock(title, minutes(left)).join("\n"));
    const limits = describe(body);
    if (limits !== "") terminal.print(`   ${limits}`);
  }
  if (further.length > 0 && !args.flag("json")) {
    const cells = further.map((one) => [
      cell(one, "code"),
      cell(one, "scope"),
      minutes(Date.parse(cell(one, "expires_at")) - clock.now()),
      cell(one, "device_name"),
    ]);
    terminal.write(
      `${code === "" ? "" : "\n"}${table(terminal, ["FURTHER CODE", "SCOPE", "VALID FOR", "NAME"], cells)}`,
    );
  }
  if (code !== "" || further.length > 0) return EXIT.ok;
  terminal.note(
    "There is no pairing code that works: the last one was used, or its 15 minutes are over.\n" +
      "Make a new one, which logs nobody out: zeroclaw gateway get-paircode --new",
  );
  return EXIT.failed;
}

interface PaircodeRequest {
  readonly scope?: string;
  readonly device_name?: string;
}

function requestBody({ args }: Context): PaircodeRequest {
  const scope = args.oneOf("scope", SCOPES);
  const name = args.value("name");
  if (!args.flag("new") && (scope !== undefined || name !== undefined)) {
    throw args.wrongUse('"--scope" and "--name" are for a new code. Add "--new".');
  }
  if (name !== undefined && (name === "" || name.length > 64)) {
    throw args.wrong("name", "is not a name", "1 to 64 characters are needed");
  }
  return { ...(scope === undefined ? {} : { scope }), ...(name === undefined ? {} : { device_name: name }) };
}

function describe({ scope, device_name }: PaircodeRequest): string {
  const parts = [
    ...(scope === undefined ? [] : [`Scope: ${scope}`]),
    ...(device_name === undefined ? [] : [`Device: ${printableLine(device_name)}`]),
  ];
  return parts.join(", ");
}

/** What is left of a code's life, rounded up: a code that still works never shows "0 minutes". */
function minutes(ms: number): string {
  const whole = Math.max(1, Math.ceil(ms / 60_000));
  return whole === 1 ? "1 minute" : `${whole} minutes`;
}
