/** Counters, gauges and histograms, printed in Prometheus' text format 0.0.4. Names carry their unit. */
export class Metrics {
  readonly #families = new Map<string, Family>();

  counter(name: string, help: string): Counter {
    return this.#family(name, help, "counter", () => new Counter());
  }

  /** `read` is called when the metrics are printed. */
  gauge(name: string, help: string, read: () => number): void {
    this.#family(name, help, "gauge", () => new Gauge(read));
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    return this.#family(name, help, "histogram", () => new Histogram(bounds));
  }

  /** The text that `GET /metrics` answers. */
  render(): string {
    const lines: string[] = [];
    for (const [name, { help, type, series }] of this.#families) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...series.lines(name));
    }
    return `${lines.join("\n")}\n`;
  }

  #family<S extends Series>(name: string, help: string, type: string, make: () => S): S {
    if (this.#families.has(name)) throw new Error(`Cannot register the metric "${name}": the name is taken`);
    const series = make();
    this.#families.set(name, { help, type, series });
    return series;
  }
}

interface Series {
  lines(name: string): string[];
}

interface Family {
  readonly help: string;
  readonly type: string;
  readonly series: Series;
}

/** Only rises. One series for each set of labels; labels must come from a bounded set. */
export class Counter implements Series {
  readonly #values = new Map<string, number>();
  #total = 0;

  add(labels: string = "", amount = 1): void {
    this.#total += amount;
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + amount);
  }

  /** The sum over all labels. */
  get total(): number {
    return this.#total;
  }

  lines(name: string): string[] {
    if (this.#values.size === 0) return [`${name} 0`];
    return [...this.#values].map(([labels, value]) => `${name}${labels === "" ? "" : `{${labels}}`} ${value}`);
  }
}

class Gauge implements Series {
  readonly #read: () => number;

  constructor(read: () => number) {
    this.#read = read;
  }

  lines(name: string): string[] {
    return [`${name} ${this.#read()}`];
  }
}

/** How values are spread over `bounds` (ascending upper limits, the last one followed by +Inf). */
export class Histogram implements Series {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.#bounds.length && value > this.#bounds[i]!) i += 1;
    this.#counts[i]! += 1;
    this.#sum += value;
  }

  lines(name: string): string[] {
    const out: string[] = [];
    let below = 0;
    for (const [i, bound] of this.#bounds.entries()) {
      below += this.#counts[i]!;
      out.push(`${name}_bucket{le="${bound}"} ${below}`);
    }
    const count = below + this.#counts[this.#bounds.length]!;
    out.push(`${name}_bucket{le="+Inf"} ${count}`, `${name}_sum ${this.#sum}`, `${name}_count ${count}`);
    return out;
  }
}

/** A label set as it stands between the braces: `source="github",code="unauthorized"`. */
export function labels(set: Readonly<Record<string, string>>): string {
  return Object.entries(set)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`))}"`)
    .join(",");
}
