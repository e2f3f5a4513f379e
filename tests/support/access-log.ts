import { randomUUID } from 'node:crypto';
import { request } from './http-request.ts';
import type { Place } from './place.ts';
import type { Server } from './server.ts';

/** One request as a server logged it; `path` with its query. */
export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

/** `"GET /v2/ HTTP/1.1" 401`, as the Apache combined log format writes it. */
const LINE = /"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d{3})/g;

/** Reads the requests out of an access log in Apache's format, in the order in which they ended. */
export function parseAccessLog(text: string): LoggedRequest[] {
  return [...text.matchAll(LINE)].map(([, method = '', path = '', status]) => ({
    method,
    path,
    status: Number(status),
  }));
}

const MARK = 'mark=';

/**
 * Every request that a server logged on stdout, after all that it has answered are in. A server logs after
 * answering, and a pipe takes its time: once a request of our own is there, those before it are too.
 */
export async function settledLog(place: Place, server: Server, url: string, ca?: string): Promise<string> {
  const mark = `${MARK}${randomUUID()}`;
  await request(place, `${url}?${mark}`, ca === undefined ? {} : { ca });
  await server.waitFor(new RegExp(`\\?${mark} HTTP`));
  return server.stdout();
}

/** The same requests without those that `settledLog` made. */
export function withoutMarks(requests: readonly LoggedRequest[]): LoggedRequest[] {
  return requests.filter(({ path }) => !path.includes(MARK));
}
