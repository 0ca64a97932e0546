export * from './administrators';
export * from './directory';
export * from './directory.config';
export * from './directory.metrics';
export * from './table-directory';
export * from './user-service-directory';
