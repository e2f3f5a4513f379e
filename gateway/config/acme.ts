import { BadValue } from './errors.ts';

/** The https URL of an ACME server's directory, as it is. Throws BadValue. */
export function parseAcmeDirectory(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'https:' && url.username === '' && url.hash === '') return url;
  throw new BadValue(
    'is not the https URL of an ACME directory; write it in full, such as https://acme-v02.api.letsencrypt.org/directory',
  );
}

/** An email address as a contact of an account, without `mailto:`. RFC 8555, 7.3. Throws BadValue. */
export function parseEmail(text: string): string {
  // Several addresses and header fields are not taken in a contact.
  if (/^[^\s@,?&:]+@[^\s@,?&:]+$/.test(text)) return text;
  throw new BadValue('is not an email address; write one, such as you@example.org');
}

/** The key of an external account, as its operator gives it. RFC 8555, 7.3.4. Throws BadValue. */
export function parseHmacKey(text: string): string {
  // Some hand it out in the other alphabet of base64.
  const key = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  if (/^[\w-]{16,}$/.test(key)) return key;
  throw new BadValue('is not the key of an external account; write the base64url text that was handed out');
}
