export type Row = Readonly<Record<string, unknown>>;

/** One answer, read to its end. */
export class Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;

  constructor(status: number, headers: Headers, bytes: Uint8Array) {
    this.status = status;
    this.headers = headers;
    this.bytes = bytes;
  }

  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** The JSON object that the body is. @throws SyntaxError when it is none */
  get json(): Row {
    return JSON.parse(this.text);
  }

  /** A string of that object, such as an id. @throws Error with the whole answer when it has none of that name */
  field(name: string): string {
    const value = this.json[name];
    if (typeof value !== "string") throw new Error(`The answer ${this.status} has no "${name}": ${this.text}`);
    return value;
  }

  /** A list of objects of that object. @throws Error as `field` does */
  rows(name: string): readonly Row[] {
    const value = this.json[name];
    if (!Array.isArray(value)) throw new Error(`The answer ${this.status} has no list "${name}": ${this.text}`);
    return value;
  }
}

export type Headed = Readonly<Record<string, string>>;

/** Somebody who asks over HTTP, with a token or without. */
export class GatewayClient {
  readonly url: string;
  readonly token: string | null;

  constructor(url: string, token: string | null = null) {
    this.url = url;
    this.token = token;
  }

  get(path: string, headers: Headed = {}): Promise<Answer> {
    return this.request("GET", path, undefined, headers);
  }

  /** An object goes as JSON; text and bytes go as they are, without a type of their own. */
  post(path: string, body?: object | string | Uint8Array<ArrayBuffer>, headers: Headed = {}): Promise<Answer> {
    return this.request("POST", path, body, headers);
  }

  delete(path: string): Promise<Answer> {
    return this.request("DELETE", path);
  }

  async request(
    method: string,
    path: string,
    body?: object | string | Uint8Array<ArrayBuffer>,
    headers: Headed = {},
  ): Promise<Answer> {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: "manual",
      headers: {
        ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
        ...(body === undefined || raw ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    });
    return new Answer(response.status, response.headers, await response.bytes());
  }
}
