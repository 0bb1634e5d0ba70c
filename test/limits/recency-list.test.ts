import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Links, RecencyList } from "../../src/limits/recency-list.ts";

class Node implements Links<Node> {
  readonly id: number;
  staler: Node | null = null;
  fresher: Node | null = null;

  constructor(id: number) {
    this.id = id;
  }
}

/** Stalest first, checking on the way that both directions agree. */
function idsOf(list: RecencyList<Node>): number[] {
  const ids: number[] = [];
  for (let node = list.stalest; node !== null; node = node.fresher) {
    if (node.staler !== null) expect(node.staler.fresher).toBe(node);
    ids.push(node.id);
  }
  return ids;
}

describe("RecencyList", () => {
  test("keeps the order of last use", () => {
    const list = new RecencyList<Node>();
    const [a, b, c] = [new Node(1), new Node(2), new Node(3)];
    for (const node of [a, b, c]) list.add(node);
    list.touch(a);
    list.touch(a);
    expect([idsOf(list), list.stalest]).toEqual([[2, 3, 1], b]);
    list.remove(b);
    list.remove(a);
    list.remove(c);
    expect([idsOf(list), list.stalest, a.staler, a.fresher]).toEqual([[], null, null, null]);
  });

  test("does as an array would, whatever is added, touched and removed", () => {
    const step = fc.record({ id: fc.nat(6), remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const list = new RecencyList<Node>();
        const nodes = Array.from({ length: 7 }, (_, id) => new Node(id));
        let order: number[] = [];
        for (const { id, remove } of steps) {
          const node = nodes[id]!;
          const inside = order.includes(id);
          order = order.filter((other) => other !== id);
          if (inside && remove) list.remove(node);
          else if (inside) list.touch(node);
          else list.add(node);
          if (!(inside && remove)) order.push(id);
          expect(idsOf(list)).toEqual(order);
        }
      }),
    );
  });
});
