// Jest's counterpart of webpack's asset/source: a .sql or .lua file imported as text.
module.exports = {
  process: (source) => ({ code: `module.exports = ${JSON.stringify(source)};` }),
};
