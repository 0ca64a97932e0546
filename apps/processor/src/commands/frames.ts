import { type CommandCodec, type CommandOutcome, type DeviceCommandFields } from '@app/common/contracts';
import {
  CODEC_12,
  CODEC_14,
  CommandType,
  decodeCommand,
  encodeCommand,
  payloadOf,
} from '@app/teltonika-codec';

/** One message of a command frame from a device. */
export interface DeviceMessage {
  /** `12` to `15`. */
  readonly codec: string;
  readonly type: number;
  readonly payload: Buffer;
  /** Codec 14 and 15. */
  readonly imei: string | undefined;
  /** Codec 13 and 15. */
  readonly deviceTimeMs: number | undefined;
}

/** The frame of a text command. @throws CodecError for a text that it cannot hold. */
export function encodeCommandFrame({ codec, text, imei }: Omit<DeviceCommandFields, 'v'>): Buffer {
  const message = { type: CommandType.command, payload: payloadOf(text) };
  return codec === '12'
    ? encodeCommand({ codecId: CODEC_12, messages: [message] })
    : encodeCommand({ codecId: CODEC_14, messages: [{ ...message, imei }] });
}

/** The messages of a codec 12 to 15 frame; none for one that only keeps the connection alive. @throws CodecError */
export function decodeMessages(frame: Buffer): DeviceMessage[] {
  const { codecId, messages } = decodeCommand(frame);
  return messages.map(({ type, payload, imei, timestampS }) => ({
    codec: String(codecId),
    type,
    payload,
    imei,
    deviceTimeMs: timestampS === undefined ? undefined : timestampS * 1000,
  }));
}

/** What a message says to a command of that codec; undefined where it is no answer to one. */
export function answerOf(
  { codec, type }: DeviceMessage,
  asked: CommandCodec,
): Extract<CommandOutcome, 'answered' | 'nacked'> | undefined {
  if (codec !== asked) return undefined;
  if (type === CommandType.response) return 'answered';
  return codec === '14' && type === CommandType.refused ? 'nacked' : undefined;
}
