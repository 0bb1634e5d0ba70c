import { beforeAll, describe, setDefaultTimeout } from "bun:test";
import { BINARY, buildBinary } from "../support/gateway-process.ts";
import { cliConformance } from "./cli.ts";
import { httpConformance } from "./http.ts";
import { channelConformance } from "./http-channels.ts";
import { websocketConformance } from "./websocket.ts";

setDefaultTimeout(60_000);
beforeAll(buildBinary);

describe("the executable", () => {
  httpConformance(BINARY);
  channelConformance(BINARY);
  websocketConformance(BINARY);
  cliConformance(BINARY);
});
