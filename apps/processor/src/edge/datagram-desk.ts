import { describeError } from '@app/common/errors';
import { maskImei, type Logger } from '@app/common/observability';
import {
  AvlWalk,
  channelPackets,
  CODEC_7,
  CodecError,
  decodeCodec7Datagram,
  encodeUdpAck,
  type ChannelPacket,
} from '@app/teltonika-codec';
import { type Admission } from './admission';
import { type DropReason, type EdgeMetrics } from './edge.metrics';
import { keepFrame, type FrameSink } from './frame-sink';
import { peerText, type Peer } from './peer';

export interface DatagramDeskOptions {
  readonly admission: Pick<Admission, 'lookUp'>;
  readonly sink: Pick<FrameSink, 'lane'>;
  readonly metrics: EdgeMetrics;
  readonly logger: Logger;
}

const MAX_DATAGRAM_BYTES = 2_048;
/** Channel packets that wait for registry or store at once; nothing slows their senders down. */
const MAX_IN_HAND = 1_000;

/**
 * What becomes of a datagram and of each channel packet in it: kept and acknowledged, or dropped without a word. There
 * is no login and no CRC, so only an exact walk through all its bytes tells a packet from damage, and only a registered
 * device is believed its IMEI: whoever writes one can be anybody. A drop is counted; an answer to it would go to whom
 * the sender names.
 */
export class DatagramDesk {
  private readonly walk = new AvlWalk();
  private inHand = 0;
  private idle = (): void => undefined;

  constructor(private readonly options: DatagramDeskOptions) {}

  /** Resolves to the acks of the packets that were kept, in their order, each a datagram of its own. Never rejects. */
  async take(datagram: Buffer, peer: Peer): Promise<readonly Buffer[]> {
    const receivedAtMs = Date.now();
    this.options.metrics.received(datagram.length);
    const packets = this.open(datagram);
    const acks = await Promise.all(packets.map((packet) => this.admit(packet, peer, receivedAtMs)));
    return acks.filter((ack) => ack !== undefined);
  }

  /** Calls it when nothing is in hand, which may be now. */
  whenIdle(idle: () => void): void {
    this.idle = idle;
    if (this.inHand === 0) idle();
  }

  /** The packets up to the first damaged one, whose length says nothing about where a next one would start. */
  private open(datagram: Buffer): readonly ChannelPacket[] {
    const packets: ChannelPacket[] = [];
    if (datagram.length > MAX_DATAGRAM_BYTES) {
      this.drop('malformed');
      return packets;
    }
    try {
      for (const packet of channelPackets(datagram)) {
        if (packet.codecId === CODEC_7) decodeCodec7Datagram(packet.bytes);
        else this.walk.readDatagram(packet.bytes);
        packets.push(packet);
      }
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.drop('malformed');
    } finally {
      this.walk.release();
    }
    return packets;
  }

  private async admit(packet: ChannelPacket, peer: Peer, receivedAtMs: number): Promise<Buffer | undefined> {
    if (this.inHand >= MAX_IN_HAND) return this.drop('busy');
    this.inHand += 1;
    try {
      return await this.keep(packet, peer, receivedAtMs);
    } finally {
      this.inHand -= 1;
      if (this.inHand === 0) this.idle();
    }
  }

  private async keep(
    { header, recordCount, bytes }: ChannelPacket,
    peer: Peer,
    receivedAtMs: number,
  ): Promise<Buffer | undefined> {
    const { admission, sink, metrics, logger } = this.options;
    const startedAt = performance.now();
    const standing = await admission.lookUp(header.imei);
    if (standing !== 'enabled') return this.drop(standing);
    try {
      // Not held: the device sends it again by itself, and there is no connection to keep.
      if (recordCount > 0) {
        const lane = sink.lane({ imei: header.imei, transport: 'udp', peer: peerText(peer) });
        await keepFrame(lane, bytes, receivedAtMs);
      }
    } catch (error) {
      logger.debug({
        event: 'edge_datagram_not_kept',
        imei: maskImei(header.imei),
        reason: describeError(error),
      });
      return this.drop('store-down');
    }
    metrics.frame('acked');
    metrics.acked(recordCount, performance.now() - startedAt);
    return encodeUdpAck({ packetId: header.packetId, avlPacketId: header.avlPacketId, recordCount });
  }

  private drop(reason: DropReason): undefined {
    this.options.metrics.dropped(reason);
    return undefined;
  }
}
