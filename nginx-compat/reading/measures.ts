const sizes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of `1m`, `8192`, `10G`; undefined for what is no size. */
export function bytesOf(text: string): number | undefined {
  const [, digits, unit] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  const factor = sizes[unit?.toLowerCase() ?? ''];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

const seconds: Readonly<Record<string, number>> = {
  y: 31_536_000,
  M: 2_592_000,
  w: 604_800,
  d: 86_400,
  h: 3_600,
  m: 60,
  s: 1,
  ms: 0.001,
  '': 1,
};

/** Seconds of `60`, `1h30m`, `500ms`; undefined for what is no time. */
export function secondsOf(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+)(ms|[yMwdhms]?)\s*/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) return undefined;
  return parts.reduce((sum, [, digits, unit]) => sum + Number(digits) * (seconds[unit ?? ''] ?? 0), 0);
}
