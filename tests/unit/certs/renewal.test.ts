import { describe, expect, test } from 'vitest';
import { reasonToReissue } from '../../../certs/renewal.ts';
import type { CertificateFacts } from '../../../certs/renewal.ts';
import { daysLater, NOW } from '../../support/certificate-folder.ts';

const good: CertificateFacts = {
  names: ['a.test', '10.0.0.1', '::1'],
  notBefore: daysLater(-100),
  notAfter: daysLater(200),
  keyMatches: true,
  vouchedFor: true,
};
const wanted = ['a.test', '10.0.0.1', '::1'];

describe('a certificate is kept', () => {
  test('when all is in order', () => {
    expect(reasonToReissue(good, wanted, NOW, 'start')).toBeUndefined();
  });

  test('when addresses came up in another order', () => {
    expect(reasonToReissue(good, wanted.toReversed(), NOW, 'start')).toBeUndefined();
  });

  test('at exactly two thirds of its life', () => {
    expect(reasonToReissue(good, wanted, daysLater(100), 'start')).toBeUndefined();
  });
});

describe('a certificate is issued again', () => {
  test.each<[string, Partial<CertificateFacts>, string[], Date, string]>([
    ['a name was added', {}, [...wanted, 'b.test'], NOW, 'b.test added'],
    ['an address was added', {}, [...wanted, '10.0.0.2'], NOW, '10.0.0.2 added'],
    ['a host was removed', {}, wanted.slice(1), NOW, 'a.test removed'],
    ['a host was exchanged', {}, ['b.test', ...wanted.slice(1)], NOW, 'b.test added; a.test removed'],
    ['the key is not its own', { keyMatches: false }, wanted, NOW, 'key does not belong'],
    ['another CA signed it', { vouchedFor: false }, wanted, NOW, 'not from the present CA'],
    ['two thirds of its life are over', {}, wanted, new Date(+daysLater(100) + 1), 'two thirds'],
    ['it has expired', {}, wanted, daysLater(201), 'expired'],
    ['it is not valid yet', {}, wanted, daysLater(-101), 'valid only from'],
  ])('when %s', (_case, changed, names, now, reason) => {
    expect(reasonToReissue({ ...good, ...changed }, names, now, 'start')).toContain(reason);
  });
});
