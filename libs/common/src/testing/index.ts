export { eventually, type EventuallyOptions } from './eventually';
export { repositoryRoot } from './paths';
export { freePort } from './ports';
export { startPostgres, type PostgresOptions, type PostgresServer } from './postgres';
export { startRedis, type RedisOptions, type RedisServer } from './redis';
export { signal, type TestSignal } from './signal';
export { testServers, type AppRole, type TestServers } from './test-servers';
