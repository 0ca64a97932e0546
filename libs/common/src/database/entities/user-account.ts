import { Column, CreateDateColumn, DeleteDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

/** A person who can be told something: where, in which language and in which time zone. */
@Entity({ schema: 'notification', name: 'user_account' })
export class UserAccount {
  /** As the deployment's own user directory names the person. */
  @PrimaryColumn({ type: 'text', name: 'user_id' })
  userId!: string;

  @Column({ type: 'text', name: 'tenant_id', default: 'default' })
  tenantId!: string;

  @Column({ type: 'text' })
  email!: string;

  /** BCP 47 language tag. */
  @Column({ type: 'text', default: 'en' })
  locale!: string;

  /** Name of the IANA time zone database. */
  @Column({ type: 'text', default: 'UTC' })
  timezone!: string;

  /** Of speeds and distances in texts: `metric` or `imperial`. */
  @Column({ type: 'text', default: 'metric' })
  units!: string;

  @Column({ type: 'boolean', default: true })
  enabled!: boolean;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at' })
  updatedAt!: Date;

  @DeleteDateColumn({ type: 'timestamptz', name: 'removed_at', nullable: true })
  removedAt!: Date | null;
}
