import { expect, test } from "bun:test";
import { gatewayBanner, inUrl } from "../../src/cli/gateway-banner.ts";

const LOCAL = { host: "127.0.0.1", port: 8585, randomPort: false, newPairing: false };

test("gatewayBanner() is the page's transcript of `zeroclaw gateway`, to the character", () => {
  expect(gatewayBanner({ ...LOCAL, code: "WXYZ-1234-ABCD" })).toBe(
    `🚀 Starting ZeroClaw Gateway on 127.0.0.1:8585

🔐 Pairing Code: WXYZ-1234-ABCD
   Use this code to authenticate new clients
   Valid for: 15 minutes

✓ Gateway server started
  HTTP:  http://127.0.0.1:8585
  WebSocket: ws://127.0.0.1:8585/ws

📡 Listening for webhook events...
`,
  );
});

test("gatewayBanner() is the page's transcript of `zeroclaw gateway --new-pairing`, to the character", () => {
  expect(gatewayBanner({ ...LOCAL, code: "EFGH-5678-IJKL", newPairing: true })).toBe(
    `🔐 Cleared paired tokens — a fresh pairing code will be generated
🚀 Starting ZeroClaw Gateway on 127.0.0.1:8585

🔐 New Pairing Code: EFGH-5678-IJKL
   Use this code to authenticate new clients
   Valid for: 15 minutes

✓ Gateway server started
`,
  );
});

test("gatewayBanner() is the page's transcript of `zeroclaw gateway -p 0`, to the character", () => {
  expect(gatewayBanner({ ...LOCAL, code: "MNOP-9012-QRST", port: 54_321, randomPort: true })).toBe(
    `🚀 Starting ZeroClaw Gateway on 127.0.0.1 (random port)

✓ Gateway server started on port: 54321
  HTTP:  http://127.0.0.1:54321
  WebSocket: ws://127.0.0.1:54321/ws

🔐 Pairing Code: MNOP-9012-QRST
`,
  );
});

test("gatewayBanner() of a random port and a new pairing is both: the cleared line, then the random form with a new code", () => {
  const banner = gatewayBanner({ ...LOCAL, code: "MNOP-9012-QRST", port: 54_321, randomPort: true, newPairing: true });
  expect(banner).toBe(
    `🔐 Cleared paired tokens — a fresh pairing code will be generated
🚀 Starting ZeroClaw Gateway on 127.0.0.1 (random port)

✓ Gateway server started on port: 54321
  HTTP:  http://127.0.0.1:54321
  WebSocket: ws://127.0.0.1:54321/ws

🔐 New Pairing Code: MNOP-9012-QRST
`,
  );
});

test.each([
  ["0.0.0.0", "0.0.0.0"],
  ["::", "[::]"],
  ["::1", "[::1]"],
  ["[::1]", "[::1]"],
  ["2001:db8::5", "[2001:db8::5]"],
  ["localhost", "localhost"],
])("gatewayBanner() shows the host %p as %p", (host, shown) => {
  const banner = gatewayBanner({ ...LOCAL, host, code: "WXYZ-1234-ABCD" });
  expect(inUrl(host)).toBe(shown);
  expect(banner).toContain(`Starting ZeroClaw Gateway on ${shown}:8585\n`);
  expect(banner).toContain(`  HTTP:  http://${shown}:8585\n  WebSocket: ws://${shown}:8585/ws\n`);
});
