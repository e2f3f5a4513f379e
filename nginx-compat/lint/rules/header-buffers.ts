import { bytesOf, nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** Tokens with many scopes are long. */
export const headerBuffers: Rule = {
  id: 'header-buffers',
  check({ server, scopes }: Front): readonly Remark[] {
    const requests = nearest(server.scope, 'large_client_header_buffers');
    const size = bytesOf(requests?.args[1]?.text ?? '8k') ?? 8192;
    const small =
      requests && size < 8192 ? [tooSmall(requests.at, `large_client_header_buffers of ${size} bytes`)] : [];
    return [...small, ...scopes.flatMap((scope) => replies(nearest(scope, 'proxy_buffer_size')))];
  },
};

function tooSmall(at: Remark['at'], said: string): Remark {
  return {
    severity: 'warning',
    at,
    what: `${said}: an Authorization header with a token for several images is longer, and is answered 400`,
    advice: 'large_client_header_buffers 4 16k;',
  };
}

function replies(directive: ReturnType<typeof nearest>): readonly Remark[] {
  const size = bytesOf(directive?.args[0]?.text ?? '4k') ?? 4096;
  if (directive === undefined || size >= 4096) return [];
  return [
    {
      severity: 'warning',
      at: directive.at,
      what: `proxy_buffer_size of ${size} bytes: answers with long Location or Link headers end with 502`,
      advice: 'proxy_buffer_size 16k;',
    },
  ];
}
