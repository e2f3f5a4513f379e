import { setTimeout as sleep } from 'node:timers/promises';
import { newEcKey } from '../key.ts';
import { namesIn } from '../names.ts';
import type { Pair } from '../pair.ts';
import { certificatesIn } from '../pem.ts';
import { clearChallenges, putChallenge } from './challenges.ts';
import { retryAt, type AcmeClient, type JsonAnswer } from './client.ts';
import { AcmeFailure, isRecord, problemIn, type Problem } from './problem.ts';
import { certificationRequest } from './request.ts';

/** Who orders, and where tokens are put so that port 80 answers them. */
export interface OrderParts {
  client: AcmeClient;
  /** The URL of the account. */
  account: string;
  challenges: string;
  /** Says in words why a name was not validated. */
  explain: (name: string, problem: Problem) => string;
  signal: AbortSignal;
}

/** So long a server may take to validate, and again to sign, in milliseconds. */
const PATIENCE = 180_000;
const FIRST_LOOK = 200;
const LONGEST_PAUSE = 10_000;

/**
 * Orders one certificate for all of `names` with a new key (RFC 8555, 7.4), each validated over HTTP (8.3).
 * Throws AcmeFailure.
 */
export async function orderCertificate(names: readonly string[], parts: OrderParts): Promise<Pair> {
  const { client, account } = parts;
  const { newOrder } = await client.directory();
  const identifiers = names.map((value) => ({ type: 'dns', value }));
  const order = await client.post(newOrder, account, { identifiers });
  const url = order.header('location');
  if (url === undefined) throw new AcmeFailure('the ACME server left out the order', { isJudged: false });
  try {
    await authorize(listIn(order.json, 'authorizations'), parts);
  } finally {
    await clearChallenges(parts.challenges);
  }
  const ready = await untilDone(url, parts);
  const key = await newEcKey();
  const csr = certificationRequest(names, key).toString('base64url');
  await client.post(textIn(ready.json, 'finalize'), account, { csr });
  const done = await untilDone(url, parts, 'ready');
  const { text } = await client.post(textIn(done.json, 'certificate'), account);
  return verified({ chain: certificatesIn(text, 'what the ACME server sent'), key }, names);
}

/** Puts every token in its place before the first is asked for, then waits for all; every name that failed is told. */
async function authorize(urls: readonly string[], parts: OrderParts): Promise<void> {
  const pending: { name: string; url: string; challenge: string }[] = [];
  for (const url of urls) {
    const { json } = await parts.client.post(url, parts.account);
    const name = textIn(isRecord(json.identifier) ? json.identifier : {}, 'value');
    if (json.status !== 'valid') pending.push({ name, url, challenge: await prepare(name, json, parts) });
  }
  for (const { challenge } of pending) await parts.client.post(challenge, parts.account, {});
  const problems: { name: string; problem: Problem }[] = [];
  for (const { name, url } of pending) {
    const { json } = await untilSettled(url, parts, 'pending');
    if (json.status !== 'valid') problems.push({ name, problem: problemOf(json) });
  }
  const [first] = problems;
  if (first === undefined) return;
  const said = problems.map(({ name, problem }) => parts.explain(name, problem)).join('; ');
  const names = problems.map(({ name }) => name);
  throw new AcmeFailure(said, { isJudged: true, problem: first.problem, names });
}

/** The URL of the HTTP challenge, its token in place. */
async function prepare(
  name: string,
  authorization: Record<string, unknown>,
  parts: OrderParts,
): Promise<string> {
  const offered = Array.isArray(authorization.challenges) ? authorization.challenges : [];
  const challenge: unknown = offered.find((each) => isRecord(each) && each.type === 'http-01');
  if (!isRecord(challenge)) {
    throw new AcmeFailure(
      `the ACME server does not validate ${name} over HTTP: give that host a certificate of its own with hosts.${name}.tls`,
      { isJudged: true, names: [name] },
    );
  }
  const token = textIn(challenge, 'token');
  await putChallenge(parts.challenges, token, await parts.client.key.authorizationOf(token));
  return textIn(challenge, 'url');
}

function problemOf(authorization: Record<string, unknown>): Problem {
  const challenges = Array.isArray(authorization.challenges) ? authorization.challenges : [];
  const problems = challenges.map((each) => (isRecord(each) ? problemIn(each.error) : undefined));
  const status = typeof authorization.status === 'string' ? authorization.status : 'unknown';
  return problems.find((each) => each !== undefined) ?? { type: '', detail: `its state is ${status}` };
}

/** Waits until an order can be finalized or, while `working` counts as unfinished too, is done. */
async function untilDone(url: string, parts: OrderParts, working = ''): Promise<JsonAnswer> {
  const answer = await untilSettled(url, parts, 'pending', 'processing', working);
  const { status, error } = answer.json;
  if (status === 'ready' || status === 'valid') return answer;
  const problem = problemIn(error);
  throw new AcmeFailure(`the order failed: ${problem?.detail ?? `its state is ${String(status)}`}`, {
    isJudged: true,
    problem,
  });
}

async function untilSettled(
  url: string,
  { client, account, signal }: OrderParts,
  ...unsettled: string[]
): Promise<JsonAnswer> {
  const end = Date.now() + PATIENCE;
  for (let pause = FIRST_LOOK; ; pause *= 2) {
    const answer = await client.post(url, account);
    if (!unsettled.includes(String(answer.json.status))) return answer;
    const wish = retryAt(answer);
    const wait =
      wish === undefined ? Math.min(pause, LONGEST_PAUSE) : Math.max(wish - Date.now(), FIRST_LOOK);
    if (Date.now() + wait > end) {
      throw new AcmeFailure(`${new URL(url).host} did not come to an end of the order in time`, {
        isJudged: false,
      });
    }
    await sleep(wait, undefined, { signal });
  }
}

/** A server may err; what does not fit must not take the place of what does. */
function verified(pair: Pair, names: readonly string[]): Pair {
  const [leaf] = pair.chain;
  const held = new Set(namesIn(leaf));
  if (leaf.checkPrivateKey(pair.key) && names.every((name) => held.has(name))) return pair;
  throw new AcmeFailure('the ACME server sent a certificate for another key or other names', {
    isJudged: true,
  });
}

function textIn(json: Record<string, unknown>, field: string): string {
  const value = json[field];
  if (typeof value === 'string') return value;
  throw new AcmeFailure(`the ACME server left out "${field}"`, { isJudged: false });
}

function listIn(json: Record<string, unknown>, field: string): string[] {
  const value = json[field];
  if (Array.isArray(value)) return value.filter((each) => typeof each === 'string');
  throw new AcmeFailure(`the ACME server left out "${field}"`, { isJudged: false });
}
