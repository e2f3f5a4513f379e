import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  keepCertificates,
  renewServer,
  rotateAuthority,
  type LiveCertificates,
  type ServedCertificates,
} from '../../../certs/index.ts';
import type { LiveSettings } from '../../../certs/live.ts';
import { daysLater, NOW, useCertificateFolder } from '../../support/certificate-folder.ts';
import { opensslSelfSigned } from '../../support/openssl.ts';
import { describeWith } from '../../support/require-programs.ts';

const folder = useCertificateFolder();
const names = ['idocker.test'];

/** What a running gateway was told. */
interface Running extends LiveCertificates {
  changes: ServedCertificates[];
  refusals: string[];
}

const running: LiveCertificates[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((live) => live.stop()));
});

async function keep(settings: Partial<LiveSettings> = {}): Promise<Running> {
  const [changes, refusals]: [ServedCertificates[], string[]] = [[], []];
  const live = await keepCertificates(
    { directory: folder.path(), profile: 'ca', names, now: () => NOW, interval: 20, ...settings },
    {
      changed: (served) => void changes.push(served),
      refused: (fault) => void refusals.push(fault instanceof Error ? fault.message : String(fault)),
    },
  );
  running.push(live);
  return { changes, refusals, current: () => live.current(), stop: () => live.stop() };
}

/** Waits for what another process or a timer brings about; generous, since it is no test of speed. */
function eventually(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 15_000, interval: 20 });
}

const ask = (now = NOW) => ({ directory: folder.path(), profile: 'ca', names, now }) as const;

describe('a running gateway', () => {
  test('serves what is renewed by a command', async () => {
    const live = await keep();
    const renewed = await renewServer(ask());
    await eventually(() => {
      expect(live.current().certificate).toBe(renewed.certificate);
    });
    expect(live.current().key).toBe(renewed.key);
    expect(live.changes.at(-1)?.certificate).toBe(renewed.certificate);
    expect(live.refusals).toEqual([]);
  });

  test('hears of it from the file system, long before it looks by itself', async () => {
    const live = await keep({ interval: 1_000_000 });
    const renewed = await renewServer(ask());
    await eventually(() => {
      expect(live.current().certificate).toBe(renewed.certificate);
    });
  });

  test('renews by itself at two thirds of the life', async () => {
    let now = NOW;
    const live = await keep({ now: () => now });
    const first = live.current();
    now = daysLater(262);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(live.changes).toEqual([]);
    now = daysLater(263);
    await eventually(() => {
      expect(live.changes).toHaveLength(1);
    });
    expect(live.changes[0]).toMatchObject({ issued: 'renewed', authority: first.authority });
    expect(live.current().notBefore).toEqual(daysLater(261));
  });

  test('hands out both CAs when a rotation begins, and signs with the next when the overlap ends', async () => {
    let now = NOW;
    const live = await keep({ now: () => now });
    const during = await rotateAuthority(ask(), { immediately: false });
    await eventually(() => {
      expect(live.current().authority).toBe(during.authority);
    });
    expect(live.current().takeover).toEqual(daysLater(30));
    now = daysLater(30);
    await eventually(() => {
      expect(live.current().takeover).toBeUndefined();
    });
    expect(live.current().fingerprint).toBe(during.fingerprints[1]);
  });

  test('keeps what it has when the folder is damaged, says so once, and goes on when it is mended', async () => {
    const live = await keep();
    const first = live.current();
    const crt = await readFile(folder.path('ca.crt'));
    await writeFile(folder.path('ca.crt'), 'garbage');
    await eventually(() => {
      expect(live.refusals).toHaveLength(1);
    });
    await writeFile(folder.path('ca.crt'), 'garbage again');
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(live.refusals).toEqual([expect.stringMatching(/ca\.crt is not a PEM certificate/)]);
    expect(live.current()).toBe(first);
    await writeFile(folder.path('ca.crt'), crt);
    const renewed = await renewServer(ask());
    await eventually(() => {
      expect(live.current().certificate).toBe(renewed.certificate);
    });
  });

  test('stopped, looks no more', async () => {
    const live = await keep();
    await live.stop();
    await renewServer(ask());
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(live.changes).toEqual([]);
  });
});

describe('two gateways on one folder', () => {
  test('serve the same after one of them has renewed', async () => {
    let now = NOW;
    const one = await keep({ now: () => now });
    const other = await keep({ now: () => now, interval: 1_000_000 });
    expect(other.current().certificate).toBe(one.current().certificate);
    now = daysLater(263);
    await eventually(() => {
      expect(one.changes).toHaveLength(1);
      expect(other.current().certificate).toBe(one.current().certificate);
    });
    expect(other.changes[0]?.issued).toBe('kept');
  });

  test('renew once when both of them are due', async () => {
    let now = NOW;
    const both = [await keep({ now: () => now }), await keep({ now: () => now })];
    now = daysLater(263);
    await eventually(() => {
      expect(both.map(({ changes }) => changes.length)).toEqual([1, 1]);
    });
    const [one, other] = both.map(({ changes }) => changes[0]);
    expect(one?.certificate).toBe(other?.certificate);
    expect([one?.issued, other?.issued].sort()).toEqual(['kept', 'renewed']);
  });

  test('that are called by different names come to a certificate for both, and to rest', async () => {
    const one = await keep({ names: ['idocker.test', '10.0.0.1'] });
    const other = await keep({ names: ['idocker.test', '10.0.0.2'] });
    await eventually(() => {
      expect(one.current().certificate).toBe(other.current().certificate);
      expect([...one.current().names].sort()).toEqual(['10.0.0.1', '10.0.0.2', 'idocker.test']);
    });
    const before = one.current().certificate;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([one.current().certificate, other.current().certificate]).toEqual([before, before]);
  });
});

describeWith(['openssl'], 'files of the operator', () => {
  const files = () =>
    ({ profile: 'files', cert: folder.path('my.crt'), key: folder.path('my.key') }) as const;
  const make = (name: string): void => {
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:idocker.test'];
    opensslSelfSigned(folder.path(`${name}.crt`), folder.path(`${name}.key`), ...subject);
  };
  beforeEach(async () => {
    await mkdir(folder.path());
    for (const name of ['my', 'new']) make(name);
  });

  test('are served when both are new, and not while they do not fit together', async () => {
    const live = await keep({ ...files(), now: () => new Date() });
    const first = live.current();
    const key = await readFile(folder.path('new.key'), 'utf8');
    await rename(folder.path('new.crt'), folder.path('my.crt'));
    await eventually(() => {
      expect(live.refusals).toEqual([expect.stringMatching(/my\.key does not belong to the first/)]);
    });
    expect(live.current()).toBe(first);
    await writeFile(folder.path('my.key'), key);
    await eventually(() => {
      expect(live.current().key).toBe(key);
    });
    expect(live.changes).toHaveLength(1);
  });

  test('that are exchanged one after the other raise no alarm', async () => {
    const live = await keep({ ...files(), interval: 60_000 });
    await rename(folder.path('new.key'), folder.path('my.key'));
    // So long that what does not fit together is seen.
    await sleep(500);
    const certificate = await readFile(folder.path('new.crt'), 'utf8');
    await rename(folder.path('new.crt'), folder.path('my.crt'));
    await eventually(() => {
      expect(live.current().certificate).toBe(certificate);
    });
    expect(live.refusals).toEqual([]);
  });

  test('that come to their end are warned of', async () => {
    let now = new Date();
    const live = await keep({ ...files(), now: () => now });
    now = new Date(now.getTime() + 31 * 86_400_000);
    await eventually(() => {
      expect(live.changes.at(-1)?.warnings).toEqual([expect.stringMatching(/my\.crt expired on/)]);
    });
    expect(live.changes).toHaveLength(1);
  });

  test('that disappear for a while are told of, and served on', async () => {
    const live = await keep(files());
    const first = live.current();
    await rm(folder.path('my.crt'));
    await eventually(() => {
      expect(live.refusals).toEqual([expect.stringMatching(/my\.crt does not exist/)]);
    });
    expect(live.current()).toBe(first);
  });

  test('are found behind a link that is exchanged, as certbot and Kubernetes do', async () => {
    for (const at of ['1', '2']) await mkdir(folder.path(at));
    for (const [name, at] of [
      ['my', '1'],
      ['new', '2'],
    ] as const) {
      for (const kind of ['crt', 'key']) {
        await rename(folder.path(`${name}.${kind}`), folder.path(`${at}/tls.${kind}`));
      }
    }
    await symlink('1', folder.path('now'));
    const [cert, key] = [folder.path('now/tls.crt'), folder.path('now/tls.key')];
    const live = await keep({ profile: 'files', cert, key });
    await symlink('2', folder.path('next'));
    await rename(folder.path('next'), folder.path('now'));
    const wanted = await readFile(folder.path('2/tls.key'), 'utf8');
    await eventually(() => {
      expect(live.current().key).toBe(wanted);
    });
    expect(live.refusals).toEqual([]);
  });

  test('with a key that TLS refuses are not taken', async () => {
    const live = await keep(files());
    const weak = ['-subj', '/CN=weak', '-newkey', 'rsa:1024'];
    opensslSelfSigned(folder.path('weak.crt'), folder.path('weak.key'), ...weak);
    await rename(folder.path('weak.key'), folder.path('my.key'));
    await rename(folder.path('weak.crt'), folder.path('my.crt'));
    await eventually(() => {
      expect(live.refusals.at(-1)).toMatch(/my\.crt cannot be served \(.*key too small.*\): put one with/);
    });
    expect(live.changes).toEqual([]);
  });
});
