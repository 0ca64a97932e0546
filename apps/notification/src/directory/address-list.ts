import { z } from 'zod';

const addressSchema = z.email();
const MAX_LENGTH = 254;

/**
 * Mail addresses of a list with commas or line ends between them: single addresses without display names, the domain in
 * small letters, each once, in the order of the list.
 *
 * @throws Error naming the place of the first that is none, and never the address itself.
 */
export function addressesOf(text: string): string[] {
  const parts = text
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const byName = new Map<string, string>();
  parts.forEach((part, index) => {
    if (part.length > MAX_LENGTH || !addressSchema.safeParse(part).success) {
      throw new Error(`address ${index + 1} is no single mail address without a display name`);
    }
    const at = part.lastIndexOf('@');
    const address = part.slice(0, at) + part.slice(at).toLowerCase();
    const name = part.toLowerCase();
    if (!byName.has(name)) byName.set(name, address);
  });
  return [...byName.values()];
}
