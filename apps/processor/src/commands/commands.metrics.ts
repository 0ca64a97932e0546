import { type CommandOutcome } from '@app/common/contracts';
import { type Metrics } from '@app/common/observability';

/** Why a message of a device was not taken for an answer and not published. */
export type RejectedMessage = 'foreign_imei' | 'undecodable';

/** The commands' share of the metric catalog, with the labels' values as types. */
export class CommandMetrics {
  private readonly outcomes;
  private readonly rejected;
  private readonly lost;
  private readonly connections;
  private readonly conflicts;
  private readonly seconds;

  constructor(metrics: Metrics) {
    this.outcomes = metrics.counter('command_outcomes_total');
    this.rejected = metrics.counter('command_rejected_messages_total');
    this.lost = metrics.counter('command_unpublished_total');
    this.connections = metrics.gauge('command_connections');
    this.conflicts = metrics.counter('command_connections_lost_total');
    this.seconds = metrics.histogram('command_answer_seconds');
  }

  published(outcome: CommandOutcome): void {
    this.outcomes.inc({ outcome });
  }

  rejectedMessage(reason: RejectedMessage): void {
    this.rejected.inc({ reason });
  }

  unpublished(): void {
    this.lost.inc();
  }

  answered(tookMs: number): void {
    this.seconds.observe(tookMs / 1000);
  }

  holds(connections: number): void {
    this.connections.set(connections);
  }

  connectionLost(): void {
    this.conflicts.inc();
  }
}
