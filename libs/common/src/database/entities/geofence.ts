import {
  Column,
  CreateDateColumn,
  DeleteDateColumn,
  Entity,
  PrimaryGeneratedColumn,
  UpdateDateColumn,
  VersionColumn,
} from 'typeorm';

/** A circle. Every save raises its version; events say by which version they were raised. */
@Entity({ schema: 'telemetry', name: 'geofence' })
export class Geofence {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id!: string;

  @Column({ type: 'text', name: 'tenant_id', default: 'default' })
  tenantId!: string;

  /** Unique among those of the tenant that are not removed. */
  @Column({ type: 'text' })
  name!: string;

  /** Degrees, WGS 84. */
  @Column({ type: 'double precision' })
  longitude!: number;

  /** Degrees, WGS 84. */
  @Column({ type: 'double precision' })
  latitude!: number;

  @Column({ type: 'double precision', name: 'radius_m' })
  radiusM!: number;

  /** How far outside the radius a device counts as inside still. */
  @Column({ type: 'double precision', name: 'hysteresis_m' })
  hysteresisM!: number;

  /** How long a device is inside or outside before that counts. */
  @Column({ type: 'integer', name: 'dwell_s' })
  dwellS!: number;

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
