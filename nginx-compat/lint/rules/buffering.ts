import { nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** Layers that nginx writes to its own disk on their way. */
export const buffering: Rule = {
  id: 'buffering',
  check: (front) => [...uploads(front), ...downloads(front)],
};

function uploads(front: Front): readonly Remark[] {
  return front.passed(['continue upload', 'finish upload']).flatMap(([, { limits, scope, by }]) => {
    if (!limits.requestBuffering) return [];
    return [
      {
        severity: 'hint',
        at: nearest(scope, 'proxy_request_buffering')?.at ?? by,
        what: 'uploads are written to the disk of nginx before the registry sees the first byte: pushes take twice the time, clients give up while they wait, and a full disk ends them with 500',
        advice: 'proxy_request_buffering off; proxy_http_version 1.1;',
      },
    ];
  });
}

function downloads(front: Front): readonly Remark[] {
  return front.passed(['read blob']).flatMap(([, { limits, scope, by }]) => {
    if (!limits.buffering || limits.maxTempFileSize === 0) return [];
    return [
      {
        severity: 'hint',
        at: nearest(scope, 'proxy_buffering')?.at ?? by,
        what: 'layers that a client reads slowly are written to the disk of nginx, up to 1 GiB of each',
        advice: 'proxy_buffering off; or proxy_max_temp_file_size 0;',
      },
    ];
  });
}
