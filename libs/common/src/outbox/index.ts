export * from './append';
export * from './messages';
export * from './observation';
