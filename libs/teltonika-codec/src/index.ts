export {
  type Beacon,
  type BeaconScan,
  BEACON_LIST,
  decodeBeacons,
  isBeaconList,
  TAGGED_BEACON_LISTS,
} from './beacons';
export {
  codec7Block,
  decodeCodec7,
  decodeCodec7Datagram,
  isCodec7,
  isCodec7Datagram,
  type LegacyPacket,
  type LegacyRecord,
} from './codec7';
export { AvlColumns } from './columns';
export {
  CODEC_12,
  CODEC_13,
  CODEC_14,
  CODEC_15,
  type CommandCodecId,
  type CommandMessage,
  type CommandPacket,
  CommandType,
  decodeCommand,
  encodeCommand,
  payloadOf,
  textOf,
} from './command';
export { crc16 } from './crc16';
export { decodeAvl, type DecodedRecord } from './decode';
export {
  type DeviceFamily,
  familyOf,
  findIo,
  type IoDefinition,
  ioDefinitions,
  type NamedValue,
  valueOf,
} from './dictionary/dictionary';
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
  CODEC_7,
  CODEC_8,
  CODEC_8_EXTENDED,
  findLayout,
  isCommandCodec,
  RECORD_HEAD_BYTES,
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
export {
  type ChannelPacket,
  channelPackets,
  decodeUdp,
  decodeUdpAck,
  encodeUdp,
  encodeUdpAck,
  splitDatagram,
  type UdpAck,
  type UdpHeader,
  type UdpPacket,
} from './udp';
export { AvlWalk } from './walk';
export { WalkedRecord } from './walked-record';
