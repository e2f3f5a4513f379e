import { nearestAll } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** `Docker-Distribution-Api-Version` that is sent twice, or not with errors. */
export const versionHeader: Rule = {
  id: 'version-header',
  check: ({ scopes }) =>
    scopes.flatMap((scope) =>
      nearestAll(scope, 'add_header').flatMap(({ args, at }): readonly Remark[] => {
        const [name = '', value = '', always] = args.map(({ text }) => text);
        if (name.toLowerCase() !== 'docker-distribution-api-version') return [];
        const isTwice =
          !value.includes('$') &&
          nearestAll(scope, 'proxy_hide_header').every(
            ({ args: [hidden] }) => hidden?.text.toLowerCase() !== name.toLowerCase(),
          );
        if (!isTwice && always === 'always') return [];
        return [
          {
            severity: 'hint',
            at,
            what: isTwice
              ? 'registries send this header themselves, so that it comes twice'
              : 'without "always" the header is missing where it was needed: in the 401 of nginx itself',
            advice:
              "leave it out (no client needs it any more), or map $upstream_http_docker_distribution_api_version $version { '' registry/2.0; } and add_header Docker-Distribution-Api-Version $version always;",
          },
        ];
      }),
    ),
};
