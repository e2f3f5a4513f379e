import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseOperation, RegistryError } from '../../registry/index.ts';

/** An answer of ours in the place of the backend's. */
export interface Refusal {
  readonly status: number;
  /** One of the codes of OCI distribution-spec 1.1, "Error Codes". */
  readonly code: string;
  readonly message: string;
}

type Words = readonly [code: string, message: string];

/** True for the paths whose clients read errors as JSON. */
export function isRegistryPath(target: string): boolean {
  return /^(?:[a-z]+:\/\/[^/]*)?\/+v2(?:[/?]|$)/i.test(target);
}

/** What to tell the client of a backend that refused without words that a registry's client can read. */
export function wordless(req: IncomingMessage, status: number): Refusal {
  const [code, message] = status === 404 ? notFound(req) : (byStatus[status] ?? other(status));
  return { status, code, message };
}

/** Writes a refusal: JSON for registry paths, a line of text for all others. `headers` go along. */
export function refuse(
  req: IncomingMessage,
  res: ServerResponse,
  { status, code, message }: Refusal,
  headers: ReadonlyMap<string, readonly string[]> = new Map(),
): void {
  const json = isRegistryPath(req.url ?? '');
  const body = Buffer.from(json ? JSON.stringify({ errors: [{ code, message }] }) : `${message}\n`);
  for (const [name, values] of headers) if (!aboutBody.test(name)) res.setHeader(name, values);
  res.writeHead(status, {
    'Content-Type': json ? 'application/json' : 'text/plain; charset=utf-8',
    'Content-Length': body.byteLength,
  });
  if (req.method === 'HEAD') res.end();
  else res.end(body);
}

/** Fields that spoke of the body that is replaced. RFC 9110 8. */
const aboutBody = /^(?:content-.*|etag|last-modified|accept-ranges|digest|repr-digest)$/i;

const byStatus: Readonly<Record<number, Words>> = {
  401: ['UNAUTHORIZED', 'authentication required'],
  403: ['DENIED', 'requested access to the resource is denied'],
  405: ['UNSUPPORTED', 'the registry behind this address does not support that operation'],
  413: ['SIZE_INVALID', 'the server behind this address takes no body of that size; raise its limit'],
  416: ['BLOB_UPLOAD_INVALID', 'the range does not fit what the registry has'],
  429: ['TOOMANYREQUESTS', 'too many requests'],
};

function other(status: number): Words {
  const said = `the registry behind this address answered ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  return [status < 500 ? 'UNSUPPORTED' : 'UNAVAILABLE', `${said} without saying why; its own log may`];
}

/** Clients act on the code of a 404: what is missing depends on what was asked for. */
function notFound({ method = '', url = '' }: IncomingMessage): Words {
  switch (operationOf(method, url)) {
    case 'manifest-get':
    case 'manifest-delete':
      return ['MANIFEST_UNKNOWN', 'manifest unknown'];
    case 'blob-get':
    case 'blob-delete':
      return ['BLOB_UNKNOWN', 'blob unknown to registry'];
    case 'upload-status':
    case 'upload-append':
    case 'upload-finish':
    case 'upload-cancel':
      return ['BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry'];
    case 'upload-start':
    case 'manifest-put':
      return ['NAME_UNKNOWN', 'the registry behind this address does not take pushes to that name'];
    default:
      return ['NAME_UNKNOWN', 'repository name not known to registry'];
  }
}

function operationOf(method: string, url: string): string | undefined {
  try {
    return parseOperation(method, url).kind;
  } catch (error) {
    if (error instanceof RegistryError) return undefined;
    throw error;
  }
}
