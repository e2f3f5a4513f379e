import { expect, test } from 'vitest';
import { Cleanup } from '../../../doctor/cleanup.ts';

test('takes everything back, the latest first, and says what it could not', async () => {
  const done: string[] = [];
  const cleanup = new Cleanup();
  const note = (what: string) => (): Promise<void> => {
    done.push(what);
    return Promise.resolve();
  };
  cleanup.add('blob', note('blob'));
  cleanup.add('session', note('session'));
  cleanup.add('manifest', () => Promise.reject(new Error('DELETE answered 405')));
  cleanup.add('image', note('image'));
  cleanup.drop('session');
  expect(await cleanup.run()).toEqual(['manifest (DELETE answered 405)']);
  expect(done).toEqual(['image', 'blob']);
  expect(await cleanup.run()).toEqual([]);
});
