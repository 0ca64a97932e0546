export { type Address, pause } from './connection';
export { Fleet, type FleetOptions } from './fleet';
export { durationMs, registerFleetCommand, wholeNumber } from './fleet.command';
export { type FleetStats } from './fleet-stats';
export { Latencies } from './latencies';
export { Ledger, recordKey, type LedgerRecord, type ParkedFrame } from './ledger';
export {
  expectedEvents,
  type ExpectedEvent,
  type Fix,
  type JudgedFence,
  type JudgedRules,
  type JudgedSpeedRule,
} from './oracle';
export { DEMO_SCENARIO, fencesAsGeoJson, subscriptionsAsCsv, usersAsCsv, type Scenario } from './scenario';
