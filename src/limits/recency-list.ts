/** What stands in a RecencyList carries its own links, so that moving it allocates nothing. */
export interface Links<N> {
  staler: N | null;
  fresher: N | null;
}

/** Nodes in the order of their last use. Every step is O(1). A node is in one list at most. */
export class RecencyList<N extends Links<N>> {
  #stalest: N | null = null;
  #freshest: N | null = null;

  /** The node that was used longest ago; null when the list is empty. */
  get stalest(): N | null {
    return this.#stalest;
  }

  /** Puts a node that is not in the list at the fresh end. */
  add(node: N): void {
    node.staler = this.#freshest;
    if (this.#freshest === null) this.#stalest = node;
    else this.#freshest.fresher = node;
    this.#freshest = node;
  }

  /** Moves a node of the list to the fresh end. */
  touch(node: N): void {
    if (node === this.#freshest) return;
    this.remove(node);
    this.add(node);
  }

  remove(node: N): void {
    if (node.staler === null) this.#stalest = node.fresher;
    else node.staler.fresher = node.fresher;
    if (node.fresher === null) this.#freshest = node.staler;
    else node.fresher.staler = node.staler;
    node.staler = null;
    node.fresher = null;
  }
}
