export interface SocketOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
}

/** A frame as the gateway sent it. */
export type Frame = Readonly<Record<string, unknown>>;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client of `/ws`. Frames are kept in the order they came until somebody takes them. */
export class GatewaySocket implements Disposable {
  readonly protocol: string;
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #end: Closed | null = null;
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.protocol = socket.protocol;
    const closed = Promise.withResolvers<Closed>();
    this.closed = closed.promise;
    socket.addEventListener("message", ({ data }) => {
      this.#frames.push(JSON.parse(String(data)));
      this.#stir();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#end = { code, reason };
      closed.resolve(this.#end);
      this.#stir();
    });
  }

  /** Connects to `http://…/ws` of a gateway. @throws Error when it is refused */
  static open(url: string, options: SocketOptions = {}): Promise<GatewaySocket> {
    const { headers = {}, protocols = [] } = options;
    const socket = new WebSocket(`${url.replace(/^http/, "ws")}/ws`, { headers, protocols: [...protocols] });
    return new Promise((resolve, reject) => {
      socket.addEventListener("open", () => resolve(new GatewaySocket(socket)));
      socket.addEventListener("error", () => reject(new Error(`Cannot open a WebSocket to ${url}/ws`)));
    });
  }

  /** With the token in the `Authorization` header. */
  static authenticated(url: string, token: string): Promise<GatewaySocket> {
    return GatewaySocket.open(url, { headers: { Authorization: `Bearer ${token}` } });
  }

  /** An object as JSON; text and bytes as they are. */
  send(frame: object | string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(typeof frame === "string" || frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Takes the next frame. @throws Error when the socket closes before there is one */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame) return frame;
      if (this.#end) throw new Error(`The socket closed with ${this.#end.code} "${this.#end.reason}" before a frame`);
      await this.#wake.promise;
    }
  }

  /** Takes frames up to and with the first of the type. */
  async through(type: string): Promise<readonly Frame[]> {
    const taken: Frame[] = [];
    for (;;) {
      const frame = await this.next();
      taken.push(frame);
      if (frame["type"] === type) return taken;
    }
  }

  /** Sends a frame and takes the next one. */
  ask(frame: object | string | Uint8Array<ArrayBuffer>): Promise<Frame> {
    this.send(frame);
    return this.next();
  }

  /** Everything that has come by now: a ping is answered only after what came before it. */
  async rest(): Promise<readonly Frame[]> {
    this.send({ type: "ping", id: "rest" });
    return (await this.through("pong")).slice(0, -1);
  }

  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #stir(): void {
    const { resolve } = this.#wake;
    this.#wake = Promise.withResolvers();
    resolve();
  }
}
