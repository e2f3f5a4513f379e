import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { keepFile, keepFolder, readKept } from '../keep.ts';
import { AcmeFailure } from './problem.ts';

/** Base64url, as the server makes them (RFC 8555, 8.3); nothing else may become the name of a file. */
const TOKEN = /^[\w-]{1,200}$/;

/** Where the tokens under way lie: whichever gateway has the port answers, whoever ordered. Made when there is none. */
export async function challengeFolder(directory: string): Promise<string> {
  const folder = join(directory, 'acme-challenges');
  await keepFolder(folder);
  return folder;
}

/** What is to be answered for a token at `/.well-known/acme-challenge/`, undefined when it is none of ours. */
export async function findKeyAuthorization(directory: string, token: string): Promise<string | undefined> {
  if (!TOKEN.test(token)) return undefined;
  return readKept(join(directory, 'acme-challenges', token));
}

/** Lets a token be answered. Throws AcmeFailure for what is none. */
export async function putChallenge(folder: string, token: string, authorization: string): Promise<void> {
  if (!TOKEN.test(token)) {
    throw new AcmeFailure('the ACME server gave a token that is none', { isJudged: false });
  }
  await keepFile(join(folder, token), authorization, 'secret');
}

/** Removes every token, also those that a killed process left. */
export async function clearChallenges(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((file) => !file.startsWith('.'));
  await Promise.all(files.map((file) => rm(join(folder, file), { force: true })));
}
