/** Prometheus' text format 0.0.4, and what two looks at it tell. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a page of metrics; lines that are none are passed over. */
export function parse(text: string): Sample[] {
  return text.split("\n").flatMap((line) => {
    const found = line.startsWith("#") ? null : LINE.exec(line);
    if (found === null) return [];
    const [, name = "", labels = "", value = ""] = found;
    const named = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]) => [key, text.replace(/\\(.)/g, "$1")]);
    return [{ name, labels: Object.fromEntries(named) as Record<string, string>, value: Number(value) }];
  });
}

/** One look at the metrics. */
export class Look {
  constructor(
    private readonly samples: Sample[],
    /** When, in milliseconds. */
    readonly at: number,
  ) {}

  of(name: string): Sample[] {
    return this.samples.filter((sample) => sample.name === name);
  }

  sum(name: string, labels: Record<string, string> = {}): number {
    const wanted = Object.entries(labels);
    return this.of(name)
      .filter((sample) => wanted.every(([key, value]) => sample.labels[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** By how much a counter rose each second since another look; 0 where it began anew. */
  rate(name: string, before: Look, labels: Record<string, string> = {}): number {
    const seconds = (this.at - before.at) / 1000;
    return seconds <= 0 ? 0 : Math.max(0, this.sum(name, labels) - before.sum(name, labels)) / seconds;
  }

  /** What a histogram grew by since another look stays below its upper bound for this part of it; null where it did not grow. */
  quantile(part: number, name: string, before: Look): number | null {
    const bounds = new Map<number, number>();
    for (const [look, sign] of [[this, 1], [before, -1]] as const) {
      for (const { labels, value } of look.of(`${name}_bucket`)) {
        const bound = labels["le"] === "+Inf" ? Infinity : Number(labels["le"]);
        bounds.set(bound, (bounds.get(bound) ?? 0) + sign * value);
      }
    }
    const all = bounds.get(Infinity) ?? 0;
    if (all <= 0) return null;
    const sorted = [...bounds].sort(([one], [other]) => one - other);
    return sorted.find(([, count]) => count >= part * all)?.[0] ?? null;
  }

  /** The values of a label. */
  values(name: string, label: string): string[] {
    return [...new Set(this.of(name).map((sample) => sample.labels[label] ?? ""))].sort();
  }
}
