export { eventually, type EventuallyOptions } from './eventually';
export { repositoryRoot } from './paths';
export { freePort } from './ports';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres';
export { startRedis, type RedisOptions, type RedisServer } from './redis';
export { startRedisCluster, type RedisCluster, type RedisClusterOptions } from './redis-cluster';
export { startRedisSentinels, type RedisSentinels, type RedisSentinelsOptions } from './redis-sentinel';
export { signal, type TestSignal } from './signal';
export { testServers, type AppRole, type TestServers } from './test-servers';
