/** What the setup pages and scripts say of the registry that they are about. */
export interface SetupFacts {
  /** As in docker login: `idocker.io`, `idocker.io:8443`, `[fd00::1]`. Only letters, digits and `.-_:[]`. */
  readonly registry: string;
  /** Host, with a port other than 80, that answers plain HTTP; undefined when none does. */
  readonly plain: string | undefined;
  /** `SHA256:AB:…` of each certificate in ca.crt, the one that signs first; empty when there is no ca.crt to hand out. */
  readonly fingerprints: readonly string[];
  /** Whether what is shown travels over HTTPS. */
  readonly secure: boolean;
  /** The registries that this one is a cache of, such as `docker.io`. */
  readonly mirrors: readonly string[];
  /** Whether images can be pulled without a login. */
  readonly anonymous: boolean;
}

/** The clients that there is a script for. */
export const SCRIPTS = ['docker', 'podman', 'containerd', 'system'] as const;

/** One of them. */
export type ScriptName = (typeof SCRIPTS)[number];
