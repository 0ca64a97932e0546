export * from './answers';
export * from './public-http.config';
export * from './public-http.service';
