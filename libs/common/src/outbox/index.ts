export * from './append';
export * from './messages';
export * from './observation';
export {
  type OutboxTransaction,
  type PgClient,
  type TypeOrmManager,
  type TypeOrmRunner,
} from './open-transaction';
export {
  type Activation,
  cancelTimer,
  type NamedTimer,
  type TimerOptions,
  type TimerOutcome,
} from './timers';
