export { type AfterCommit } from './after-commit';
export { BinaryArena, BinaryArray } from './binary-array';
export * as binaryTypes from './binary-types';
export { type BinaryType } from './binary-types';
export * from './data-source';
export { Database, type DatabaseOptions, type PoolUse } from './database';
export * from './database.module';
export { AuditEntry } from './entities/audit-entry';
export { Device } from './entities/device';
export { Geofence } from './entities/geofence';
export { Rule } from './entities/rule';
export { Subscription } from './entities/subscription';
export { UserAccount } from './entities/user-account';
export { PostgresHealth } from './health';
export { type Listening } from './listen';
export * from './migrate';
export * from './schema-check';
export { printSchema, type SchemaSource } from './schema-print';
export {
  CommitOutcomeUnknown,
  constraintOf,
  databaseErrorOf,
  isCommitOutcomeUnknown,
  isDataError,
  isOutage,
  isTransactionTooSlow,
  sqlStateOf,
} from './sql-errors';
export { type QuerySource } from './start-checks';
export { statement, type Statement } from './statement';
export { Transaction } from './transaction';
