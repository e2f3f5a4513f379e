// A process of its own for tests of several at once: says 'ready', waits for its stdin to end, makes sure of the
// certificates in the folder argv[2] with the profile argv[3], and prints what it would serve as JSON.
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { ensureCertificates } from '../../certs/index.ts';

process.stdout.write('ready\n');
await text(process.stdin);
const [, , directory = '', profile] = process.argv;
const served = await ensureCertificates({
  directory,
  profile: profile === 'self-signed' ? 'self-signed' : 'ca',
  names: ['idocker.test'],
});
process.stdout.write(JSON.stringify(served));
