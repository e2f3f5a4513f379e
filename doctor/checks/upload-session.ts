import type { Check } from '../check.ts';
import { error, ok, warning } from '../finding.ts';
import { inWords } from '../refusal.ts';
import { UploadSession } from '../upload-session.ts';

/** Whether every method of an upload session goes to where the session is. */
export const uploadSessionCheck: Check = {
  name: 'upload-session',
  needs: ['challenge', 'login', 'upload'],
  async run(visit) {
    const session = await UploadSession.open(visit);
    await session.append(Buffer.from('0123456789'));
    const get = await session.send('GET');
    const head = await session.send('HEAD');
    const gone = await session.cancel();
    const lost = [
      // A registry need not know HEAD here, only a split by method makes it 404.
      ...(get.status === 204 || get.status === 200 ? [] : [`GET answered ${inWords(get)}`]),
      ...(head.status === 404 ? ['HEAD answered 404'] : []),
      ...(gone.status === 404 ? ['DELETE answered 404'] : []),
    ];
    if (lost.length === 3)
      return [
        warning(
          'an upload session is found by PATCH and by no other method',
          'either this registry knows no others, or they go elsewhere: send everything below /v2/NAME/blobs/uploads/ to the repository that is pushed to (nginx: no "if ($request_method ...)")',
        ),
      ];
    if (lost.length === 0) return [ok('GET, HEAD and DELETE find an upload session')];
    return [
      error(
        `an upload session that POST opened and PATCH wrote is not found by every method: ${lost.join(', ')}`,
        'send everything below /v2/NAME/blobs/uploads/ to the repository that is pushed to, whatever the method (nginx: no "if ($request_method ...)" that sends GET elsewhere; give those paths a location of their own)',
      ),
    ];
  },
};
