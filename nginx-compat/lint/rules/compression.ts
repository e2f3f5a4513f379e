import { isOn, nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

const layers = /^(\*|application\/octet-stream|application\/vnd\.(docker|oci)\.)/;

/** Compression of what is compressed already and named by its digest. */
export const compression: Rule = {
  id: 'compression',
  check: ({ scopes }) =>
    scopes.flatMap((scope): readonly Remark[] => {
      const types = nearest(scope, 'gzip_types');
      const bad = types?.args.find(({ text }) => layers.test(text));
      if (types === undefined || bad === undefined || !isOn(scope, 'gzip', false)) return [];
      return [
        {
          severity: 'warning',
          at: bad.at,
          what: `gzip_types ${bad.text} compresses layers and manifests a second time: Content-Length and ranges are lost, and with them the resuming of pulls`,
          advice: 'gzip off; in the location of /v2/',
        },
      ];
    }),
};
