import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** One operator action. Insert only: no application role may change or delete one. */
@Entity({ schema: 'ops', name: 'audit' })
export class AuditEntry {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  at!: Date;

  @Column({ type: 'text', name: 'tenant_id', default: 'default' })
  tenantId!: string;

  /** Who did it, as the command line knows the person. */
  @Column({ type: 'text' })
  actor!: string;

  /** Verb of what was done: `device.add`. */
  @Column({ type: 'text' })
  action!: string;

  /** What it was done to. */
  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'jsonb', default: {} })
  details!: Record<string, unknown>;
}
