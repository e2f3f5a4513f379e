import type { Answer } from './answer.ts';

/** The target of `rel="next"`, at the origin of `asked` only, since it gets our authorization too. RFC 8288. */
export function nextPage(answer: Answer, asked: URL): URL | undefined {
  for (const [, target = '', params = ''] of (answer.header('link') ?? '').matchAll(/<([^<>]*)>([^<]*)/g)) {
    const url = /;\s*rel="?next"?/i.test(params) ? URL.parse(target, answer.url.href) : null;
    if (url?.origin === asked.origin) return url;
  }
  return undefined;
}
