import { Injectable } from '@nestjs/common';
import { type Transport } from '@app/common/contracts';
import { Metrics } from '@app/common/observability';
import { type RefusalCode } from './edge.errors';

export type LoginResult = 'accepted' | 'rejected' | 'quarantined' | 'invalid' | 'not_ready' | 'limited';
/** `unanswered`: kept, but the device was gone before the ack, so that it will send the frame again. */
export type FrameResult = 'acked' | 'parked' | 'crc_mismatch' | 'command' | 'refused' | 'unanswered';

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

  constructor(metrics: Metrics) {
    this.sessions = metrics.gauge('edge_sessions');
    this.logins = metrics.counter('edge_logins_total');
    this.frames = metrics.counter('edge_frames_total');
    this.records = metrics.counter('edge_records_total');
    this.bytes = metrics.counter('edge_bytes_total');
    this.refusals = metrics.counter('edge_refusals_total');
    this.ackSeconds = metrics.histogram('edge_ack_seconds');
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
    this.frames.inc({ result });
  }

  acked(recordCount: number, tookMs: number): void {
    this.records.inc(recordCount);
    this.ackSeconds.observe(tookMs / 1000);
  }

  received(byteCount: number): void {
    this.bytes.inc(byteCount);
  }

  refused(code: RefusalCode): void {
    this.refusals.inc({ code });
  }

  identityConflict(): void {
    this.identityConflicts.inc();
  }
}
