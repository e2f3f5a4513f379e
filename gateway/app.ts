import type { IncomingMessage } from 'node:http';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { FindChallenge } from './acme-challenge.ts';
import type { Setup } from './setup/index.ts';

/** What the pages and small endpoints need. */
export interface AppParts {
  /** PEM that clients are to trust; undefined when the certificate is the operator's own. */
  readonly authority: () => string | undefined;
  /** Rejects with why it cannot serve. */
  readonly check: () => Promise<void>;
  /** The page for the host of a request, HTML; undefined where there is none. */
  readonly page: (req: IncomingMessage) => string | undefined;
  readonly setup: Setup;
  /** Undefined where no certificate is ordered. */
  readonly findChallenge: FindChallenge | undefined;
  readonly onFault: (fault: unknown) => void;
}

/** Everything that is not the registry: health, the CA certificate and the setup pages. `/v2` and `/v1` never come here. */
export function createApp({ authority, check, page, setup, findChallenge, onFault }: AppParts): Express {
  const app = plainApp();
  // Who redirects port 80 in front of us leads an ACME server here. RFC 8555 8.3.
  if (findChallenge) serveChallenges(app, findChallenge);
  app.get('/healthz', (_req, res) => {
    res.json({ status: 'ok' });
  });
  app.get('/readyz', async (_req, res) => {
    try {
      await check();
      res.json({ status: 'ready' });
    } catch (fault) {
      onFault(fault);
      res
        .status(503)
        .json({ status: 'not ready', reason: 'storage or metadata cannot be used; the log says more' });
    }
  });
  serveAuthority(app, authority);
  serveSetup(app, setup);
  app.get('/', (req, res, next) => {
    const html = page(req);
    if (html === undefined) next();
    else res.set(pageHeaders).type('html').send(html);
  });
  notFound(app);
  answerFaults(app, onFault);
  return app;
}

const pageHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
};

/** The plain HTTP port: the CA certificate, the setup pages, challenges of ACME, and everything else is sent to HTTPS at the host that the client used. */
export function createRedirect(
  authority: () => string | undefined,
  setup: Setup,
  hostOf: (req: IncomingMessage) => string,
  onFault: (fault: unknown) => void,
  findChallenge: FindChallenge | undefined,
): Express {
  const app = plainApp();
  if (findChallenge) serveChallenges(app, findChallenge);
  serveAuthority(app, authority);
  serveSetup(app, setup);
  app.use((req, res) => {
    // 308 keeps the method: a push must not come back as a GET.
    res.redirect(308, `https://${hostOf(req)}${req.originalUrl}`);
  });
  answerFaults(app, onFault);
  return app;
}

function serveChallenges(app: Express, findChallenge: FindChallenge): void {
  app.get('/.well-known/acme-challenge/:token', async (req, res) => {
    const authorization = await findChallenge(req, req.params.token);
    if (authorization === undefined) {
      const message = 'this token is not known here; no order by ACME is waiting for it';
      res.status(404).json({ errors: [{ code: 'UNSUPPORTED', message }] });
    } else res.type('application/octet-stream').send(Buffer.from(authorization));
  });
}

function plainApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_req, res, next) => {
    res.set('X-Content-Type-Options', 'nosniff');
    next();
  });
  return app;
}

function serveAuthority(app: Express, authority: () => string | undefined): void {
  app.get('/ca.crt', (_req, res) => {
    const pem = authority();
    if (pem === undefined) {
      res.status(404).json({
        errors: [
          {
            code: 'UNSUPPORTED',
            message:
              'the certificate of this server is signed by an authority that its operator chose; there is no ca.crt to hand out',
          },
        ],
      });
      return;
    }
    res.type('application/x-pem-file').set('Content-Disposition', 'attachment; filename="ca.crt"').send(pem);
  });
}

function serveSetup(app: Express, setup: Setup): void {
  app.use((req, res, next) => {
    const answer = setup(req, req.secure ? 'https' : 'http');
    if (answer === undefined) next();
    else res.status(answer.status).set(answer.headers).send(answer.body);
  });
}

function notFound(app: Express): void {
  app.use((_req, res) => {
    res
      .status(404)
      .json({ errors: [{ code: 'UNSUPPORTED', message: 'there is nothing here; the registry is at /v2/' }] });
  });
}

/** What express itself refuses, such as malformed percent-encoding, and faults of ours: JSON, and no stack. */
function answerFaults(app: Express, onFault: (fault: unknown) => void): void {
  app.use((fault: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) {
      next(fault);
      return;
    }
    const said = fault instanceof Error && 'status' in fault ? Number(fault.status) : 500;
    const status = said >= 400 && said < 500 ? said : 500;
    if (status === 500) onFault(fault);
    const message = status === 500 ? 'unexpected fault; the log says more' : 'malformed request';
    res.status(status).json({ errors: [{ code: status === 500 ? 'UNKNOWN' : 'UNSUPPORTED', message }] });
  });
}
