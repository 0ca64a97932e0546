import {
  ACCEPTED_VERSIONS,
  COMMAND_GROUP,
  deviceCommandSchema,
  deviceCommandsStream,
  type DeviceCommandFields,
} from '@app/common/contracts';
import { type OwnedStreams, textFields } from '@app/common/streams';

/** What a device's commands gave to a session. */
export type NextCommand =
  | { readonly kind: 'none' }
  /** A newer session of the device has read since: this one may hand out nothing any more. */
  | { readonly kind: 'stale' }
  | {
      readonly kind: 'command';
      readonly entryId: string;
      /** Undefined for an entry that is none. */
      readonly command: DeviceCommandFields | undefined;
      /** It had been handed out before, so that it may have been written: it must not be written again. */
      readonly isRepeat: boolean;
    };

/** The commands of devices, each handed out once. The session's epoch fences every session before it. */
export class CommandInbox {
  constructor(
    private readonly streams: Pick<OwnedStreams, 'readOwned' | 'ackOwned' | 'trimOwned'>,
    private readonly instance: string,
  ) {}

  /** Marks the next command as handed out before anybody may write it. @throws OdographError the store's. */
  async next(imei: string, epoch: bigint): Promise<NextCommand> {
    const stream = deviceCommandsStream(imei);
    const read = await this.streams.readOwned({
      ...{ stream, group: COMMAND_GROUP, epoch, count: 1 },
      consumer: this.instance,
    });
    if (read.kind === 'stale') return { kind: 'stale' };
    const [entry] = read.entries;
    if (entry === undefined) return { kind: 'none' };
    const parsed = deviceCommandSchema.safeParse(textFields(entry));
    const isReadable = parsed.success && ACCEPTED_VERSIONS.has(parsed.data.v) && parsed.data.imei === imei;
    return {
      kind: 'command',
      entryId: entry.id,
      command: isReadable ? parsed.data : undefined,
      isRepeat: read.redelivered,
    };
  }

  /** Takes a command off for good. @throws OdographError the store's; a repeat changes nothing. */
  async settle(imei: string, epoch: bigint, entryId: string): Promise<void> {
    const stream = deviceCommandsStream(imei);
    const settled = await this.streams.ackOwned({ stream, group: COMMAND_GROUP, epoch, ids: [entryId] });
    // The newer session settles it, as of unknown outcome.
    if (settled === 'stale') return;
    await this.streams.trimOwned({ stream, groups: [COMMAND_GROUP], keepMs: 0 });
  }
}
