import { isLoopback, parseAddress } from "../../lib/address.ts";
import { type ModelTarget, providerNamed } from "./providers.ts";
import { secretsOf } from "./said.ts";

/** A model's server, as messages about it need it. */
export interface ModelServer {
  readonly target: ModelTarget;
  /** Its address without what may be secret in it: a password, a query. */
  readonly shown: string;
  /** On this machine: it loads models slowly, and is not there or is there, so that nothing is asked twice. */
  readonly loopback: boolean;
  readonly secrets: readonly string[];
  /** The variable in which its key is usually kept; null when there is no such custom. */
  readonly keyVariable: string | null;
}

export function serverOf(target: ModelTarget): ModelServer {
  const url = URL.parse(target.base_url);
  return {
    target,
    shown: url === null ? target.base_url : `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    loopback: url !== null && isThisMachine(url.hostname),
    secrets: secretsOf(target.api_key, target.base_url),
    keyVariable: providerNamed(target.provider)?.key ?? null,
  };
}

function isThisMachine(hostname: string): boolean {
  const address = parseAddress(hostname);
  return address === null ? /^(?:.+\.)?localhost$/.test(hostname) : isLoopback(address);
}
