import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
} from 'typeorm';

/** A tracker. Removing keeps the row, since its positions name it; `find` leaves removed ones out. */
@Entity({ schema: 'telemetry', name: 'device' })
export class Device {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  /** Fifteen digits. */
  @Column({ type: 'text', unique: true })
  imei!: string;

  @Column({ type: 'text', name: 'tenant_id', default: 'default' })
  tenantId!: string;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'boolean', default: true })
  enabled!: boolean;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;

  @DeleteDateColumn({ type: 'timestamptz', name: 'removed_at', nullable: true })
  removedAt!: Date | null;
}
