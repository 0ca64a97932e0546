export * from './codes';
export * from './odograph-error';
