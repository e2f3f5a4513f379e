/** Work that one process does at a time, by a key that its callers agree on. Need not survive a power cut. */
export interface Claims {
  /** Makes `by` the only holder until a time (ms since 1970); again by the same sets the time anew. False while another holds it. */
  claim(key: string, by: string, until: number): Promise<boolean>;
  /** Gives a claim back; nothing happens when it is another's. */
  release(key: string, by: string): Promise<void>;
}
