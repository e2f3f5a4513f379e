import { generate } from 'selfsigned';

interface Options {
  readonly name: string;
  /** From when and until when, in days from now. */
  readonly days?: readonly [number, number];
}

/** A certificate for one name and its key, PEM. */
export async function selfSigned({
  name,
  days = [-1, 300],
}: Options): Promise<{ cert: string; key: string }> {
  const date = (offset: number): Date => new Date(Date.now() + offset * 86_400_000);
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: date(days[0]),
    notAfterDate: date(days[1]),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  return { cert, key };
}
