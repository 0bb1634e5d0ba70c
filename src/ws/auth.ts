import type { Principal } from "../protocol/principal.ts";
import { covers } from "../protocol/principal.ts";
import { Problem } from "../protocol/problem.ts";
import type { Connection } from "./connection.ts";
import type { FrameOf } from "./frames.ts";
import { FinalProblem } from "./refusal.ts";
import { CLOSE } from "./socket.ts";

/** `auth`: says whose socket it is, and whether somebody sits there who can be asked for permission. */
export function onAuth(connection: Connection, frame: FrameOf<"auth">): void {
  const { device_id, scope } = identify(connection, frame.token, true);
  connection.send({ type: "ready", device_id, scope, version: connection.parts.version }, frame.id);
  if (frame.permissions === true && covers(scope, "chat")) connection.permissions.start();
  if (frame.permissions === false) connection.permissions.stop();
}

/**
 * Makes the socket that of the token's device. `closing`: a wrong token is the end of a socket that is nobody's.
 * @throws Problem unauthorized, too_many_bad_tokens, pair_first
 */
export function identify(connection: Connection, token: string, closing: boolean): Principal {
  const { parts, client, principal: current } = connection;
  const principal = parts.authenticate(token);
  if (!principal) throw wrongToken(parts.wrongToken(client), closing && current === null);
  if (current === null) connection.become(principal);
  else if (current.device_id !== principal.device_id) {
    throw new Problem("unauthorized", {
      detail: "This socket belongs to another device than the token does. Open a socket for each device.",
    });
  }
  return principal;
}

function wrongToken(waitSeconds: number, closing: boolean): Problem {
  if (waitSeconds > 0) {
    return new FinalProblem("too_many_bad_tokens", CLOSE.unauthorized, {
      detail: `Too many wrong tokens came from this address. Wait ${waitSeconds} s, then send a valid one.`,
      retryAfter: waitSeconds,
    });
  }
  const detail = "The token is not valid here: it may have been revoked. Pair again with a pairing code.";
  return closing
    ? new FinalProblem("unauthorized", CLOSE.unauthorized, { detail })
    : new Problem("unauthorized", { detail });
}
