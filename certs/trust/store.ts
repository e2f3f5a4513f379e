import type { Ledger } from './ledger.ts';

/** A machine whose clients are to trust. */
export interface TrustMachine {
  /** The folder that stands for `/`. */
  readonly root: string;
  /** Runs a tool of the machine; throws a CertificateError when it cannot or fails. */
  readonly run: (argv: readonly string[]) => Promise<void>;
}

/** A machine that is being changed, by nobody else meanwhile. */
export interface ChangingMachine extends TrustMachine {
  readonly ledger: Ledger;
}

/** Whom to trust, for what. */
export interface Trusted {
  /** As clients type it (see `trustHost`). */
  readonly host: string;
  /** PEM of each certificate to trust. */
  readonly certificates: readonly string[];
}

/** What was done in a store: sentences for a person. */
export interface TrustReport {
  readonly store: string;
  /** One for each thing done, such as `wrote /etc/docker/certs.d/idocker.io/ca.crt`. */
  readonly done: readonly string[];
  /** What has to be restarted or done by hand; starts with `no restart` when nothing has. */
  readonly restart: string;
}

/** One kind of client and where it looks for whom to trust. */
export interface TrustStore {
  readonly name: 'docker' | 'podman' | 'containerd' | 'system';
  /** Why this client seems to be on the machine; undefined when it is not. */
  find(machine: TrustMachine): Promise<string | undefined>;
  /** Idempotent. Throws a CertificateError when it cannot be done. */
  install(machine: ChangingMachine, trusted: Trusted): Promise<TrustReport>;
  /** Takes back what `install` did for a host. */
  uninstall(machine: ChangingMachine, host: string): Promise<TrustReport>;
}
