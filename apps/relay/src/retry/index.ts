export { byTopic, type Entry, entryOf, type Publishable } from './entry';
export { lastErrorOf } from './last-error';
export { type RetryLimits } from './lines';
export { type RetryMetrics, retryMetrics } from './retry.metrics';
export { retryLimitsOf, retrySettings } from './retry.config';
export { type DuePart, type RetriedPart, RetryLane, type RetryLaneOptions } from './retry-lane';
export { type ParkedMessage, type RetryRow } from './retry-row';
export { RetryTable } from './retry-table';
export { nextDelayMs, type RetryStrategy } from './strategy';
