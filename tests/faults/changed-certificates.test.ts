import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { renewServer, rotateAuthority } from '../../certs/index.ts';
import { generateBytes } from '../support/generated-bytes.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { opensslSelfSigned } from '../support/openssl.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually, mebibytes, memoryOf } from '../support/process-facts.ts';
import { createClient, expectStatus, startUpload, type RegistryClient } from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';

const MIB = 1024 * 1024;
const BIG = process.env.DOCKGATE_TEST_BIG === '1';
const SIZE = (BIG ? 5 * 1024 : 512) * MIB;
const HOST = 'own.test';

/** Something that happens to the gateway; fulfils with what happened once new connections see it. */
type Change = () => Promise<string>;

/**
 * Lets changes happen while bytes move: each begins at its part of the way, and until it is seen from outside the bytes
 * move slowly, so that it is over before they are.
 */
class Journey {
  readonly #changes: readonly Change[];
  readonly #begun: Promise<string>[] = [];
  #pending: Promise<unknown> | undefined;
  /** How far the bytes were when each change was seen. */
  readonly seen: { change: string; at: number }[] = [];
  #moved = 0;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
  }

  /** To be called with every piece; fulfils when the next may move. */
  async move(bytes: number): Promise<void> {
    const due = ((this.#begun.length + 1) * SIZE) / (this.#changes.length + 1);
    if (this.#pending) await Promise.race([this.#pending, sleep(10)]);
    if (this.#moved + bytes >= due) {
      await this.#pending;
      const change = this.#changes[this.#begun.length];
      if (change) this.#begin(change);
    }
    this.#moved += bytes;
  }

  #begin(change: Change): void {
    const done = change();
    this.#begun.push(done);
    const note = (change: string): void => void this.seen.push({ change, at: this.#moved });
    // A change that is not seen is told at the end; the transfer is to go on.
    this.#pending = done
      .then(note, () => undefined)
      .finally(() => {
        this.#pending = undefined;
      });
  }

  /** Throws what kept a change from being seen. */
  async settled(): Promise<void> {
    await Promise.all(this.#begun);
  }
}

describeWith(['openssl'], 'a push and a pull of gigabytes', () => {
  let place: Place;
  let dockgate: LoopbackDockgate;
  let client: RegistryClient;
  const file = (name: string): string => join(place.folder, name);
  beforeAll(async () => {
    place = await createLoopback();
    for (const name of ['own', 'second', 'third']) {
      opensslSelfSigned(file(`${name}.crt`), file(`${name}.key`), '-subj', `/CN=${HOST}`, '-days', '9');
    }
    const hosts = { [HOST]: { web: true, tls: { cert: file('own.crt'), key: file('own.key') } } };
    dockgate = await startLoopbackDockgate(place, { hosts });
    client = createClient(dockgate);
  });
  afterAll(async () => {
    client.close();
    await place.close();
  });

  /** The certificate that a new connection is shown; the client knows the first CA alone. */
  async function shown(servername: string): Promise<{ raw: Buffer | undefined; trusted: boolean }> {
    const { hostname: host, port } = new URL(dockgate.url);
    const ca = dockgate.ca;
    const socket = tls.connect({ host, port: Number(port), servername, ca, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const raw = socket.getPeerX509Certificate()?.raw;
    socket.destroy();
    return { raw, trusted: socket.authorized };
  }

  async function seen(what: string, pem: string, host = 'localhost'): Promise<string> {
    const { raw } = new X509Certificate(pem);
    const isShown = async (): Promise<boolean> => (await shown(host)).raw?.equals(raw) === true;
    if (!(await eventually(isShown, 30_000))) throw new Error(`${what} was not seen`);
    return what;
  }

  /** What may happen to certificates, as the commands and an operator do it. */
  function changes(files: string): readonly Change[] {
    const directory = join(dockgate.data, 'certs');
    const settings = { directory, profile: 'ca', names: ['localhost'] } as const;
    return [
      async () => seen('renewal', (await renewServer(settings)).certificate),
      async () => seen('new CA', (await rotateAuthority(settings, { immediately: true })).certificate),
      async () => {
        const pem = await readFile(file(`${files}.crt`), 'utf8');
        await rename(file(`${files}.crt`), file('own.crt'));
        await rename(file(`${files}.key`), file('own.key'));
        return seen('other files', pem, HOST);
      },
    ];
  }

  /** Says how it went, and fails when a change came after the last byte. */
  async function expectChanged(journey: Journey, what: string, begun: number): Promise<void> {
    await journey.settled();
    expect(journey.seen.map(({ change }) => change)).toEqual(['renewal', 'new CA', 'other files']);
    for (const { at } of journey.seen) expect(at).toBeLessThan(SIZE);
    expect((await shown('localhost')).trusted).toBe(true);
    if (!BIG) return;
    const { peak } = await memoryOf(dockgate.pid);
    const seconds = ((Date.now() - begun) / 1000).toFixed(1);
    const changed = journey.seen.map(({ change, at }) => `${change} seen at ${mebibytes(at)}`).join(', ');
    process.stdout.write(
      `${what} of ${mebibytes(SIZE)}: ${seconds} s, ${changed}; ${mebibytes(peak)} of memory\n`,
    );
  }

  async function* moved(bytes: AsyncIterable<Buffer>, journey: Journey): AsyncIterable<Buffer> {
    for await (const piece of bytes) {
      await journey.move(piece.length);
      yield piece;
    }
  }

  const name = `${SIZE / MIB} MiB go on while the certificate is renewed, the CA replaced and files exchanged`;
  test(`${name} (5 GiB with DOCKGATE_TEST_BIG=1)`, { timeout: BIG ? 900_000 : 180_000 }, async () => {
    const path = await startUpload(client, 'big');
    const bytes = generateBytes(SIZE);
    const push = new Journey(changes('second'));
    let begun = Date.now();
    const body = Readable.from(moved(bytes.body, push), { highWaterMark: 2 });
    await expectStatus(202, client.send('PATCH', path, { body }));
    const digest = bytes.digest();
    await expectStatus(201, client.send('PUT', `${path}?digest=${digest}`));
    await expectChanged(push, 'push', begun);

    const pull = new Journey(changes('third'));
    begun = Date.now();
    const answer = await client.open('GET', `/v2/big/blobs/${digest}`);
    const hash = createHash('sha256');
    for await (const piece of moved(answer, pull)) hash.update(piece);
    expect(`sha256:${hash.digest('hex')}`).toBe(digest);
    await expectChanged(pull, 'pull', begun);
  });
});
