// One builder for `nest build`, `nest start` and the demo: swc compiles, node_modules stay outside the bundle,
// SQL, Lua and text files become text inside it. Types are checked by `npm run types`, not here.
const path = require('node:path');
const nodeExternals = require('webpack-node-externals');
const { TsconfigPathsPlugin } = require('tsconfig-paths-webpack-plugin');

module.exports = (options) => ({
  ...options,
  externals: [nodeExternals()],
  // Modules of one bundle in one scope: a call into another module is a call, and not a getter of its namespace first.
  optimization: {
    ...options.optimization,
    concatenateModules: true,
    providedExports: true,
    usedExports: true,
  },
  devtool: 'source-map',
  output: {
    ...options.output,
    path: path.join(__dirname, 'dist'),
    devtoolModuleFilenameTemplate: '[absolute-resource-path]',
  },
  module: {
    rules: [
      {
        test: /\.ts$/,
        exclude: /node_modules/,
        use: {
          loader: 'swc-loader',
          options: {
            jsc: {
              target: 'es2023',
              parser: { syntax: 'typescript', decorators: true },
              transform: { legacyDecorator: true, decoratorMetadata: true },
              keepClassNames: true,
            },
          },
        },
      },
      { test: /\.(sql|lua|txt)$/, type: 'asset/source' },
    ],
  },
  resolve: {
    ...options.resolve,
    extensions: ['.ts', '.js', '.json'],
    plugins: [new TsconfigPathsPlugin({ configFile: path.join(__dirname, 'tsconfig.json') })],
  },
  plugins: [],
});
