import type { Check } from '../check.ts';
import { certificateChainCheck } from './certificate-chain.ts';
import { certificateDatesCheck } from './certificate-dates.ts';
import { certificateNamesCheck } from './certificate-names.ts';
import { challengeCheck } from './challenge.ts';
import { clockCheck } from './clock.ts';
import { dataCheck } from './data.ts';
import { locationCheck } from './location.ts';
import { loginCheck } from './login.ts';
import { nameCheck } from './name.ts';
import { pauseCheck } from './pause.ts';
import { plainHttpCheck } from './plain-http.ts';
import { portCheck } from './port.ts';
import { readBackCheck } from './read-back.ts';
import { readyCheck } from './ready.ts';
import { realmCheck } from './realm.ts';
import { tlsCheck } from './tls.ts';
import { uploadBufferingCheck } from './upload-buffering.ts';
import { uploadSessionCheck } from './upload-session.ts';
import { uploadSizeCheck } from './upload-size.ts';
import { uploadCheck } from './upload.ts';
import { upstreamsCheck } from './upstreams.ts';

/** Every check, in the order in which they run: from the outside in. */
export const checks: readonly Check[] = [
  nameCheck,
  portCheck,
  tlsCheck,
  clockCheck,
  certificateDatesCheck,
  certificateNamesCheck,
  certificateChainCheck,
  plainHttpCheck,
  challengeCheck,
  realmCheck,
  dataCheck,
  readyCheck,
  loginCheck,
  uploadCheck,
  readBackCheck,
  uploadSessionCheck,
  uploadSizeCheck,
  uploadBufferingCheck,
  pauseCheck,
  locationCheck,
  upstreamsCheck,
];
