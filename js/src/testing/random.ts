// Random numbers that are the same in every run (mulberry32).

export interface Random {
  /** From 0 up to but not including 1. */
  real(): number;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  choice<T>(values: readonly T[]): T;
}

export function random(seed: number): Random {
  let state = seed >>> 0;
  const real = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const whole = (low: number, high: number) => low + Math.floor(real() * (high - low + 1));
  return { real, whole, choice: (values) => values[whole(0, values.length - 1)] };
}
