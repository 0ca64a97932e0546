export * from './draft-store';
export * from './ladder';
export * from './plan';
export * from './route';
export * from './route-store';
export * from './routes.config';
export * from './routes.service';
