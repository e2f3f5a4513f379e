import type { Random } from '../random.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const descriptor = { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: 2 };
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: descriptor,
  layers: [descriptor],
  annotations: { key: 'value' },
});

const values = [
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '-1',
  '1e999',
  '2.5',
  '"\\ud800"',
  '9007199254740993',
  '{"__proto__":{"x":1}}',
  '[[[[[[]]]]]]',
];

/** JSON that is nearly a manifest: bytes changed, cut short, values of the wrong type, nested beyond reason. */
export function brokenManifest(random: Random): Buffer {
  return random.pick([
    () => flipped(Buffer.from(manifest), random),
    () => Buffer.from(manifest.slice(0, random.below(manifest.length))),
    () => Buffer.from(replacedValue(random)),
    () => Buffer.from(random.pick(values)),
    () => Buffer.from('[{"a":'.repeat(random.below(20_000))),
    () => Buffer.from(`\ufeff${manifest}`),
    () => Buffer.from(manifest, 'utf16le'),
    () => Buffer.from(`${manifest}${manifest}`),
    () => Buffer.from(manifest.replace('}', ',"config":null,"layers":null,"__proto__":[]}')),
    () => Buffer.from(manifest.replace('[', `[${'{},'.repeat(random.below(2000))}`)),
    () => Buffer.alloc(random.below(64), random.below(256)),
  ])();
}

function flipped(bytes: Buffer, random: Random): Buffer {
  for (let flips = 1 + random.below(4); flips > 0; flips -= 1)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function replacedValue(random: Random): string {
  const json = JSON.parse(manifest) as Record<string, unknown>;
  const key = random.pick([...Object.keys(json), 'subject', 'manifests', 'artifactType']);
  const rest = Object.fromEntries(Object.entries(json).filter(([each]) => each !== key));
  return `${JSON.stringify(rest).slice(0, -1)},${JSON.stringify(key)}:${random.pick(values)}}`;
}
