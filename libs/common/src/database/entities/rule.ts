import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

/** A rule on the records of one device or of all. Every save raises its version. */
@Entity({ schema: 'telemetry', name: 'rule' })
export class Rule {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text', name: 'tenant_id', default: 'default' })
  tenantId!: string;

  /** Unique among those of the tenant that are not removed. */
  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  kind!: 'overspeed';

  /** Null: every device of the tenant. */
  @Column({ type: 'bigint', name: 'device_id', nullable: true })
  deviceId!: string | null;

  /** Its shape depends on the kind; whoever reads it parses it. */
  @Column({ type: 'jsonb' })
  settings!: Record<string, unknown>;

  @VersionColumn({ type: 'integer', default: 1 })
  version!: number;

  /** Records before this event time are not judged by this version. */
  @Column({ type: 'timestamptz', name: 'valid_from', default: () => 'now()' })
  validFrom!: Date;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;

  @DeleteDateColumn({ type: 'timestamptz', name: 'removed_at', nullable: true })
  removedAt!: Date | null;
}
