export * from './events';
export * from './ids';
export * from './intents';
export * from './outbox';
export * from './sharding';
export * from './streams';
export * from './telemetry';
export * from './time';
