import { describe, setDefaultTimeout } from "bun:test";
import { SOURCE } from "../support/gateway-process.ts";
import { cliConformance } from "./cli.ts";
import { httpConformance } from "./http.ts";
import { channelConformance } from "./http-channels.ts";
import { websocketConformance } from "./websocket.ts";

setDefaultTimeout(60_000);

describe("from source", () => {
  httpConformance(SOURCE);
  channelConformance(SOURCE);
  websocketConformance(SOURCE);
  cliConformance(SOURCE);
});
