/** Holds back requests that come between the opening of the port and the moment everything behind it is ready. */
export class Opening {
  #wait: Promise<void> | null;
  #open!: () => void;

  constructor() {
    this.#wait = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  /** Null once it is open. */
  get wait(): Promise<void> | null {
    return this.#wait;
  }

  open(): void {
    this.#wait = null;
    this.#open();
  }
}
