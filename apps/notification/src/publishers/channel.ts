import { type Channel } from '@app/common/contracts';
import { type Fields } from '@app/common/streams';
import { type ClaimedRoute, type FoldContents } from '../routes';

/** What differs between the channels: the target stream, how a route reads there, and the name of its failures. */
export interface PublishingChannel {
  readonly channel: Channel;
  readonly stream: string;
  readonly publishErrorClass: 'gateway_stream_publish_failed' | 'mail_stream_publish_failed';
  /**
   * @param fold Of a route that tells of others together with itself.
   * @throws Error for a route that cannot be expressed; it is then a dead letter, as no retry will help.
   */
  encode(route: ClaimedRoute, nowMs: number, fold?: FoldContents): Fields;
}
