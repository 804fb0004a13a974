/** Latencies by the thousandfold: counted in buckets that grow by 2 %, so that drivers can be added up. */

const BASE = 1.02;
const LEAST_MS = 0.05;
const SCALE = 1 / Math.log(BASE);

/** Counts by bucket, and the longest as it was. */
export type Latencies = { readonly counts: number[]; max: number };

export const noLatencies = (): Latencies => ({ counts: [], max: 0 });

export function record(into: Latencies, milliseconds: number): void {
  const at = Math.max(0, Math.ceil(Math.log(milliseconds / LEAST_MS) * SCALE));
  into.counts[at] = (into.counts[at] ?? 0) + 1;
  into.max = Math.max(into.max, milliseconds);
}

export function add(into: Latencies, more: Latencies): void {
  for (const [at, count] of more.counts.entries()) {
    into.counts[at] = (into.counts[at] ?? 0) + (count ?? 0);
  }
  into.max = Math.max(into.max, more.max);
}

/** The latency that a share of all did not exceed, at most 2 % above the true one; 0 for none. */
export function percentile({ counts, max }: Latencies, share: number): number {
  const total = counts.reduce((sum, count) => sum + (count ?? 0), 0);
  let rest = Math.ceil(total * share);
  for (const [at, count] of counts.entries()) {
    rest -= count ?? 0;
    if (rest <= 0) return Math.min(max, LEAST_MS * BASE ** at);
  }
  return max;
}
