import { describeError } from '@app/common/errors';
import { maskImei, type Logger } from '@app/common/observability';
import { AvlWalk, CodecError, encodeUdpAck, splitDatagram, type ChannelPacket } from '@app/teltonika-codec';
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
/** Datagrams that wait for registry or store at once; nothing slows their senders down. */
const MAX_IN_HAND = 1_000;

/**
 * What becomes of a datagram: kept and acknowledged, or dropped without a word. There is no login and no CRC, so only
 * an exact walk through all its bytes tells it from damage, and only a registered device is believed its IMEI: whoever
 * writes one can be anybody. A drop is counted; an answer to it would go to whom the sender names.
 */
export class DatagramDesk {
  private readonly walk = new AvlWalk();
  private inHand = 0;
  private idle = (): void => undefined;

  constructor(private readonly options: DatagramDeskOptions) {}

  /** Resolves to the ack, or to undefined where there is none. Never rejects. */
  async take(datagram: Buffer, peer: Peer): Promise<Buffer | undefined> {
    const receivedAtMs = Date.now();
    const { metrics } = this.options;
    metrics.received(datagram.length);
    const packet = this.open(datagram);
    if (packet === undefined) return this.drop('malformed');
    if (this.inHand >= MAX_IN_HAND) return this.drop('busy');
    this.inHand += 1;
    try {
      return await this.keep(packet, peer, receivedAtMs);
    } finally {
      this.inHand -= 1;
      if (this.inHand === 0) this.idle();
    }
  }

  /** Calls it when nothing is in hand, which may be now. */
  whenIdle(idle: () => void): void {
    this.idle = idle;
    if (this.inHand === 0) idle();
  }

  private open(datagram: Buffer): ChannelPacket | undefined {
    if (datagram.length > MAX_DATAGRAM_BYTES) return undefined;
    try {
      this.walk.readDatagram(datagram);
      return splitDatagram(datagram)[0];
    } catch (error) {
      if (error instanceof CodecError) return undefined;
      throw error;
    } finally {
      this.walk.release();
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
