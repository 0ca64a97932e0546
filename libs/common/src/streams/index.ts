export * from './entries';
export * from './memory/memory-server';
export * from './memory/memory-streams';
export * from './port';
export * from './redis/redis-streams';
export * from './streams.module';
