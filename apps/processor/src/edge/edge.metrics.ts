import { Injectable } from '@nestjs/common';
import { type Transport } from '@app/common/contracts';
import { Metrics } from '@app/common/observability';
import { type RefusalCode } from './edge.errors';

export type LoginResult = 'accepted' | 'rejected' | 'quarantined' | 'invalid' | 'not_ready' | 'limited';
/** `unanswered`: kept, but the device was gone before the ack, so that it will send the frame again. */
export type FrameResult = 'acked' | 'parked' | 'crc_mismatch' | 'command' | 'refused' | 'unanswered';

/** Why a datagram got no answer. */
export type DropReason = 'malformed' | 'busy' | 'unknown' | 'disabled' | 'not-ready' | 'store-down';

/** The edge's share of the metric catalog, with the labels' values as types. */
@Injectable()
export class EdgeMetrics {
  private readonly sessions;
  private readonly logins;
  private readonly frames;
  private readonly records;
  private readonly bytes;
  private readonly refusals;
  private readonly ackSeconds;
  private readonly identityConflicts;
  private readonly drops;
  private readonly losses;

  /** Since the last scrape: what counts for every frame would cost a share of it in label sets. */
  private newFramesAcked = 0;
  private newRecords = 0;
  private newBytes = 0;

  constructor(metrics: Metrics) {
    this.sessions = metrics.gauge('edge_sessions');
    this.logins = metrics.counter('edge_logins_total');
    this.frames = metrics.counter('edge_frames_total', () => this.addFrames());
    this.records = metrics.counter('edge_records_total', () => this.addRecords());
    this.bytes = metrics.counter('edge_bytes_total', () => this.addBytes());
    this.refusals = metrics.counter('edge_refusals_total');
    this.ackSeconds = metrics.frequentHistogram('edge_ack_seconds');
    this.drops = metrics.counter('edge_datagrams_dropped_total');
    this.losses = metrics.counter('edge_lost_devices_total');
    this.identityConflicts = metrics.counter('edge_identity_conflicts_total');
  }

  sessionOpened(transport: Transport): void {
    this.sessions.inc({ transport });
  }

  sessionClosed(transport: Transport): void {
    this.sessions.dec({ transport });
  }

  login(result: LoginResult): void {
    this.logins.inc({ result });
  }

  frame(result: FrameResult): void {
    if (result === 'acked') this.newFramesAcked += 1;
    else this.frames.inc({ result });
  }

  acked(recordCount: number, tookMs: number): void {
    this.newRecords += recordCount;
    this.ackSeconds.note(tookMs / 1000);
  }

  received(byteCount: number): void {
    this.newBytes += byteCount;
  }

  refused(code: RefusalCode): void {
    this.refusals.inc({ code });
  }

  dropped(reason: DropReason): void {
    this.drops.inc({ reason });
  }

  lostDevices(devices: number): void {
    this.losses.inc(devices);
  }

  identityConflict(): void {
    this.identityConflicts.inc();
  }

  private addFrames(): void {
    this.frames.inc({ result: 'acked' }, this.newFramesAcked);
    this.newFramesAcked = 0;
  }

  private addRecords(): void {
    this.records.inc(this.newRecords);
    this.newRecords = 0;
  }

  private addBytes(): void {
    this.bytes.inc(this.newBytes);
    this.newBytes = 0;
  }
}
