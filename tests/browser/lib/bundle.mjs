/* Modules and the npm packages that they import as one script for a page, unchanged. */

import { build } from 'esbuild';

const HERE = new URL('..', import.meta.url).pathname;

/** The text of a module for a page, made of `source`, which imports packages of tests/browser. */
export async function bundle(source) {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: HERE, loader: 'js' },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].text;
}
