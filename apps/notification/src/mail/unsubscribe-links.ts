import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** Whose mails of which type are to stop. */
export interface Unsubscription {
  readonly tenantId: string;
  readonly userId: string;
  readonly type: string;
}

export const UNSUBSCRIBE_PATH = '/unsubscribe';

const claimSchema = z.tuple([z.string().min(1), z.string().min(1), z.string().min(1)]);

/**
 * Links that stop mails of one type to one user, without a login: the signature says that we have sent the link to that
 * user. They do not end, since a mail is read whenever it is.
 */
export class UnsubscribeLinks {
  constructor(
    private readonly publicUrl: string,
    private readonly key: string,
  ) {}

  urlOf({ tenantId, userId, type }: Unsubscription, locale: string): string {
    const claim = Buffer.from(JSON.stringify([tenantId, userId, type])).toString('base64url');
    const query = new URLSearchParams({ t: `${claim}.${this.sign(claim).toString('base64url')}`, l: locale });
    return `${this.publicUrl}${UNSUBSCRIBE_PATH}?${query.toString()}`;
  }

  /** What a token is for; undefined for one that we did not make. */
  read(token: string): Unsubscription | undefined {
    const [claim, signature, ...rest] = token.split('.');
    if (claim === undefined || signature === undefined || rest.length > 0) return undefined;
    const [given, right] = [Buffer.from(signature, 'base64url'), this.sign(claim)];
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    const parsed = claimSchema.safeParse(JSON.parse(Buffer.from(claim, 'base64url').toString('utf8')));
    if (!parsed.success) return undefined;
    const [tenantId, userId, type] = parsed.data;
    return { tenantId, userId, type };
  }

  private sign(claim: string): Buffer {
    return createHmac('sha256', this.key).update(`unsubscribe\n${claim}`).digest();
  }
}
