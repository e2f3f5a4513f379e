import { hash } from '@node-rs/bcrypt';

/** A bcrypt hash with another version mark; the versions differ in how they treat bytes above 127, not in the rest. */
export async function hashAs(version: '2a' | '2y', password: string, cost: number): Promise<string> {
  return (await hash(password, cost)).replace(/^\$2b\$/, `$${version}$`);
}
