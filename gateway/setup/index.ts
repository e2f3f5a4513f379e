import type { IncomingMessage } from 'node:http';
import { SCRIPTS, setupPage, setupScript, setupText, type SetupFacts } from '../../web/index.ts';
import { factsReader, type FactParts } from './facts.ts';

/** What a request for a setup page gets. */
export interface SetupAnswer {
  readonly status: 200 | 400 | 404;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers `/setup…`; undefined for every other path. `scheme` is how the request came. */
export type Setup = (req: IncomingMessage, scheme: 'http' | 'https') => SetupAnswer | undefined;

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' };

const PAGE = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** What depends on who asks, by which name, and when must not be kept for others. */
const SHARED = { 'Cache-Control': 'no-store', Vary: 'Accept, Host' };

/** Makes what answers `/setup`, `/setup.txt` and `/setup/<client>.sh`. */
export function createSetup(parts: FactParts): Setup {
  const factsOf = factsReader(parts);
  return (req, scheme) => {
    const [path = ''] = (req.url ?? '').split('?', 1);
    const answer = answerOf(path);
    if (answer === undefined || (req.method !== 'GET' && req.method !== 'HEAD')) return undefined;
    const facts = factsOf(req, scheme);
    const { status, headers, body } =
      facts === undefined
        ? refuse(400, 'the Host header is no name under which clients could use a registry')
        : answer(facts, req);
    return { status, headers: { ...headers, ...SHARED }, body };
  };
}

type Answer = (facts: SetupFacts, req: IncomingMessage) => SetupAnswer;

function answerOf(path: string): Answer | undefined {
  if (path === '/setup' || path === '/setup/') return page;
  if (path === '/setup.txt') return text;
  const name = SCRIPTS.find((each) => path === `/setup/${each}.sh`);
  if (name === undefined) return undefined;
  return (facts) =>
    facts.fingerprints.length > 0
      ? {
          status: 200,
          headers: { ...PLAIN, 'Content-Type': 'text/x-shellscript; charset=utf-8' },
          body: setupScript(name, facts),
        }
      : refuse(
          404,
          `the certificate of ${facts.registry} is signed by an authority of its operator; there is no ca.crt to install`,
        );
}

/** HTML for those that ask for it, as browsers do; text for curl and the like, which take anything. */
function page(facts: SetupFacts, req: IncomingMessage): SetupAnswer {
  if (!/\btext\/html\b/i.test(req.headers.accept ?? '')) return text(facts);
  return { status: 200, headers: PAGE, body: setupPage(facts) };
}

function text(facts: SetupFacts): SetupAnswer {
  return { status: 200, headers: PLAIN, body: setupText(facts) };
}

/** In words, not in JSON: they are read at a terminal, and a shell that is given them does nothing. */
function refuse(status: 400 | 404, reason: string): SetupAnswer {
  return { status, headers: PLAIN, body: `# dockgate: ${reason}\n` };
}
