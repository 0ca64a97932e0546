export * from './lifecycle';
export * from './lifecycle.module';
export * from './loop';
export * from './run-app';
export * from './service';
export * from './slots';
