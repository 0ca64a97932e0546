import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Who is told of which events. Made and removed, never changed. */
@Entity({ schema: 'telemetry', name: 'subscription' })
export class Subscription {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text', name: 'tenant_id', default: 'default' })
  tenantId!: string;

  @Column({ type: 'text', name: 'user_id' })
  userId!: string;

  /** Null: every device of the tenant. */
  @Column({ type: 'bigint', name: 'device_id', nullable: true })
  deviceId!: string | null;

  /** Null: every kind of event. */
  @Column({ type: 'text', name: 'event_kind', nullable: true })
  eventKind!: string | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
