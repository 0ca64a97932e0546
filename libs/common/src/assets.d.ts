/** SQL statements, Redis scripts and the schema's print live in files of their own; the builder and the tests import them as text. */
declare module '*.sql' {
  const text: string;
  export default text;
}

declare module '*.lua' {
  const text: string;
  export default text;
}

declare module '*.txt' {
  const text: string;
  export default text;
}
