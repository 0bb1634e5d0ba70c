/** What the tests use of the package `ws`, which has no types of its own. */
declare module "ws" {
  export default class WebSocket {
    constructor(url: string);
    on(event: "open", listener: () => void): this;
    on(event: "message", listener: (data: Buffer) => void): this;
    on(event: "close", listener: (code: number) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    once(event: "ping", listener: (data: unknown) => void): this;
    send(data: string | Buffer, options?: { readonly binary?: boolean }): void;
    close(code?: number): void;
    terminate(): void;
    /** Stops reading from the network. */
    pause(): void;
    resume(): void;
  }
}
