import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { CertificateError } from '../certificate-error.ts';
import { keepFile, readKept } from '../keep.ts';
import { keyPem, newEcKey } from '../key.ts';
import { privateKeyIn } from '../pem.ts';
import type { AcmeClient } from './client.ts';
import { AcmeFailure } from './problem.ts';
import type { AcmeSettings } from './settings.ts';

/** What is remembered of the account at one server. */
interface Account {
  /** PEM. */
  key: string;
  /** Undefined until the server has made it. */
  url?: string | undefined;
  /** The address that the server knows. */
  email?: string | undefined;
}

/** The accounts of a data folder, one for each server, in a file that others may not read. */
export class Accounts {
  readonly #path: string;

  constructor(directory: string) {
    this.#path = join(directory, 'acme-accounts.json');
  }

  /** The key of the account at a server; made and stored when there is none. Throws a CertificateError. */
  async keyFor({ server }: AcmeSettings): Promise<KeyObject> {
    const present = (await this.#read())[server.href];
    if (present !== undefined) return privateKeyIn(present.key, this.#path);
    const key = await newEcKey();
    await this.#write(server, { key: keyPem(key) });
    return key;
  }

  /** The URL of the account, which is made at the first time and told of a new email address. Throws AcmeFailure. */
  async open(client: AcmeClient, settings: AcmeSettings): Promise<string> {
    const { server, email } = settings;
    const present = (await this.#read())[server.href];
    if (present?.url === undefined) return this.#register(client, settings);
    if (present.email === email) return present.url;
    await client.post(present.url, present.url, { contact: contactOf(email) });
    await this.#write(server, { ...present, email });
    return present.url;
  }

  /** The server does not know the account any more. */
  async forget({ server }: AcmeSettings): Promise<void> {
    const present = (await this.#read())[server.href];
    if (present) await this.#write(server, { key: present.key });
  }

  /** A key that the server knows already gets its account back (RFC 8555, 7.3.1). */
  async #register(client: AcmeClient, settings: AcmeSettings): Promise<string> {
    const { server, email, externalAccount } = settings;
    const { newAccount, needsExternalAccount } = await client.directory();
    if (needsExternalAccount && externalAccount === undefined) {
      throw new AcmeFailure(
        `${server.host} serves known customers only: set tls.acme.externalAccount to the kid and hmacKey that it gave you`,
        { isJudged: true },
      );
    }
    const answer = await client.post(newAccount, undefined, {
      termsOfServiceAgreed: true,
      contact: contactOf(email),
      ...(externalAccount && {
        externalAccountBinding: await client.key.boundTo(externalAccount, newAccount),
      }),
    });
    const url = answer.header('location');
    if (url === undefined) throw new AcmeFailure(`${server.host} made no account`, { isJudged: false });
    const present = (await this.#read())[server.href];
    if (present) await this.#write(server, { key: present.key, url, email });
    return url;
  }

  async #read(): Promise<Record<string, Account>> {
    try {
      return JSON.parse((await readKept(this.#path)) ?? '{}') as Record<string, Account>;
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new CertificateError(`${this.#path} is damaged: move it away, and other accounts are made`, {
        cause,
      });
    }
  }

  async #write(server: Readonly<URL>, account: Account): Promise<void> {
    const accounts = { ...(await this.#read()), [server.href]: account };
    await keepFile(this.#path, `${JSON.stringify(accounts, undefined, 2)}\n`, 'secret');
  }
}

function contactOf(email: string | undefined): string[] {
  return email === undefined ? [] : [`mailto:${email}`];
}
