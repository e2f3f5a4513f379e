import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Failure } from './failure.ts';
import type { World } from './world.ts';

/** A password from standard input: its first line with `--password-stdin`, else typed twice and not shown. */
export async function readPassword(world: World, fromStdin: boolean | undefined): Promise<string> {
  if (fromStdin) return (await text(world.stdin)).split(/\r?\n/, 1)[0] ?? '';
  if (!world.stdin.isTTY)
    throw new Failure('there is no terminal to ask for a password: use --password-stdin', 2);
  const [first, second] = [await ask(world, 'Password: '), await ask(world, 'Again: ')];
  if (first !== second) throw new Failure('the two passwords differ');
  return first;
}

function ask({ stdin, stderr }: World, question: string): Promise<string> {
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  stderr.write(question);
  const lines = createInterface({ input: stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => {
      reject(new Failure('nothing was changed'));
    });
    lines.question('', resolve);
  }).finally(() => {
    lines.close();
    stderr.write('\n');
  }) as Promise<string>;
}
