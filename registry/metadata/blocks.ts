/** A repository that somebody has cut off from its upstream. */
export interface Block {
  readonly repository: string;
  /** Which user. */
  readonly by: string;
  /** In ms since 1970. */
  readonly at: number;
  readonly reason: string;
}

/** Which repositories are cut off from their upstream by hand. */
export interface Blocks {
  /** By repository. */
  list(): Promise<readonly Block[]>;
  /** Blocks a repository; again replaces who, when and why. */
  block(block: Block): Promise<void>;
  /** False when it was not blocked. */
  unblock(repository: string): Promise<boolean>;
  /** Cheap enough to be asked at each request. */
  isBlocked(repository: string): Promise<boolean>;
}
