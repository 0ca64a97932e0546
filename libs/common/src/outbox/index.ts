export * from './append';
export * from './messages';
