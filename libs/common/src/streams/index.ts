export * from './entries';
export * from './memory/memory-server';
export * from './memory/memory-streams';
export * from './port';
export { redisAddressOf, type RedisAddress } from './redis/endpoint';
export * from './redis/redis-streams';
export * from './streams.module';
