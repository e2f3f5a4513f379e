import type { Name } from '../model/index.ts';

/** Where an image is held: a repository and the name in it. */
export interface Place {
  readonly repository: string;
  readonly name: Name;
}
