export * from './ladder';
export * from './route';
export * from './route-store';
export * from './routes.config';
export * from './routes.service';
