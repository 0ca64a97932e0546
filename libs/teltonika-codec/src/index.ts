export { crc16 } from './crc16';
export { decodeAvl, type DecodedRecord } from './decode';
export { encodeAvl } from './encode';
export { CodecError, type CodecErrorCode } from './errors';
export {
  type EnvelopeState,
  type FatalCode,
  FrameReader,
  type FrameReaderOptions,
  type ReadResult,
} from './framing';
export { type IoBlock, readIo, readIoBlock } from './io';
export {
  type AvlCodecId,
  type AvlLayout,
  CODEC_16,
  CODEC_8,
  CODEC_8_EXTENDED,
  findLayout,
  isCommandCodec,
} from './layout';
export {
  decodeAck,
  decodeLogin,
  encodeAck,
  encodeLogin,
  LOGIN_ACCEPTED,
  LOGIN_BYTES,
  LOGIN_REJECTED,
} from './login';
export {
  type AvlPacket,
  type AvlRecord,
  type IoElement,
  RecordFlag,
  type RecordFlagName,
  recordFlagNames,
} from './record';
export { AvlWalk } from './walk';
export { WalkedRecord } from './walked-record';
