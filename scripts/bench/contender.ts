/** What a request may do. */
export type Action = 'pull' | 'push';

/** A registry that is measured: it runs, serves HTTPS on loopback and is asked by its own kind of login. */
export interface Contender {
  readonly name: string;
  readonly version: string;
  /** `https://localhost:41234` */
  readonly url: string;
  /** PEM file of the authority that signed its certificate. */
  readonly ca: string;
  readonly pid: number;
  /** The core on which its clients run. */
  readonly clientCore: number;
  /** Where it writes its access log, among other things. */
  readonly logFile: string;
  /** Where its store keeps the bytes of a blob. */
  blobFile(digest: string): string;
  /** The Authorization header for an action, undefined when none is needed; good for some minutes from now. */
  authorization(action: Action): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Under which name everything is pushed and pulled. */
export const imageName = 'bench/image';

/** The hex digits of a sha256 digest. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
