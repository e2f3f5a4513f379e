/** Random choices that are the same for the same seed, so that what was found once is found again. */
export interface Random {
  /** A whole number from 0 below `limit`. */
  below(limit: number): number;
  /** True so many times of a hundred. */
  percent(share: number): boolean;
  pick<T>(list: readonly T[]): T;
  /** From `least` to `most` characters of an alphabet. */
  text(alphabet: string, least: number, most: number): string;
}

/** A generator with a state of 32 bits: a counter in steps of an odd number, stirred by multiplication and shifts. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    percent: (share) => next() * 100 < share,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('there is nothing to pick from');
      return list[below(list.length)] as T;
    },
    text: (alphabet, least, most) =>
      Array.from(
        { length: least + below(most - least + 1) },
        () => alphabet[below(alphabet.length)] ?? '',
      ).join(''),
  };
}
